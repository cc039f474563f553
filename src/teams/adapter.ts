import {
  CloudAdapter,
  ConfigurationBotFrameworkAuthentication,
  type Activity,
  type InvokeResponse,
  type TurnContext,
} from "botbuilder";
import {
  AuthenticationError,
  FederatedServiceClientCredentialsFactory,
  type ServiceClientCredentialsFactory,
} from "botframework-connector";
import { connectorIssuer } from "./gate.ts";

/** How omnibot proves to the Bot Connector who it is. */
export type BotCredentials =
  | { readonly kind: "secret"; readonly password: string }
  /** A user-assigned managed identity whose client id is the bot's app id. */
  | { readonly kind: "managed-identity" }
  /** A managed identity that the bot's app registration trusts: workload identity on AKS. */
  | { readonly kind: "federated"; readonly clientId: string }
  /** Any other way; used by tests. */
  | { readonly kind: "custom"; readonly factory: ServiceClientCredentialsFactory };

export interface AdapterOptions {
  readonly appId: string | undefined;
  readonly tenant: string;
  readonly credentials: BotCredentials | undefined;
  /** Sandbox only: accepts messages without a token. */
  readonly allowAnonymous?: boolean;
  /** Where the Bot Connector publishes its keys, if not at the usual place. */
  readonly openIdMetadata?: string;
  /** The longest that one request to Teams may take, milliseconds. */
  readonly requestTimeout?: number;
}

/** Nothing that talks to Teams may hang: the SDK itself knows no time-out. */
const defaultTimeout = 10_000;

/** The SDK's adapter without its own HTTP handling, which answers with inner error texts and prints stacks. */
export class TeamsAdapter extends CloudAdapter {
  readonly appId: string;
  readonly anonymous: boolean;

  constructor(authentication: ConfigurationBotFrameworkAuthentication, appId: string) {
    super(authentication);
    this.appId = appId;
    this.anonymous = appId === "";
  }

  /** Verifies the token, then runs the turn. Throws AuthenticationError; returns the answer of an invoke. */
  receive(
    authorization: string,
    activity: Activity,
    turn: (context: TurnContext) => Promise<void>,
  ): Promise<InvokeResponse | undefined> {
    return this.processActivity(authorization, activity, turn);
  }
}

/** Builds the adapter, and refuses to build one that would accept unauthenticated messages by accident (P14). */
export function createAdapter(options: AdapterOptions): TeamsAdapter {
  const appId = options.appId?.trim() ?? "";
  if (appId === "" && options.allowAnonymous !== true) {
    throw new Error(
      "The bot has no app id, so that anybody could send it messages. Set MICROSOFT_APP_ID (and its credentials) to the " +
        "bot's registration; only the sandbox may run without.",
    );
  }
  if (appId !== "" && options.credentials === undefined) {
    throw new Error(
      "The bot has an app id, but no credentials. Set MICROSOFT_APP_PASSWORD, or use a managed identity.",
    );
  }
  const timeout = options.requestTimeout ?? defaultTimeout;
  const adapter = new TeamsAdapter(authenticationOf(appId, options), appId);
  adapter.use(async (context, next) => {
    disciplineClient(context.turnState.get<unknown>(adapter.ConnectorClientKey), timeout);
    await next();
  });
  return adapter;
}

function authenticationOf(
  appId: string,
  options: AdapterOptions,
): ConfigurationBotFrameworkAuthentication {
  if (appId === "") return new ConfigurationBotFrameworkAuthentication({});
  const { credentials, tenant } = options;
  const managed = credentials?.kind === "managed-identity";
  return new ConfigurationBotFrameworkAuthentication(
    {
      MicrosoftAppType: managed ? "UserAssignedMsi" : "SingleTenant",
      MicrosoftAppId: appId,
      MicrosoftAppTenantId: tenant,
      ...(credentials?.kind === "secret" ? { MicrosoftAppPassword: credentials.password } : {}),
      ...(options.openIdMetadata === undefined ? {} : publicCloud(options.openIdMetadata)),
    },
    factoryOf(credentials, appId, tenant),
    { requiredEndorsements: [], validateClaims: onlyTheConnector },
  );
}

function factoryOf(
  credentials: BotCredentials | undefined,
  appId: string,
  tenant: string,
): ServiceClientCredentialsFactory | undefined {
  if (credentials?.kind === "custom") return credentials.factory;
  if (credentials?.kind !== "federated") return undefined;
  return new FederatedServiceClientCredentialsFactory(appId, credentials.clientId, tenant);
}

/** Whoever sets one of these has to set them all; they are the SDK's own values but for the keys' place. */
function publicCloud(openIdMetadata: string) {
  return {
    ToChannelFromBotLoginUrl: "https://login.microsoftonline.com/botframework.com",
    ToChannelFromBotOAuthScope: connectorIssuer,
    ToBotFromChannelTokenIssuer: connectorIssuer,
    OAuthUrl: "https://api.botframework.com",
    ToBotFromChannelOpenIdMetadataUrl: openIdMetadata,
    ToBotFromEmulatorOpenIdMetadataUrl:
      "https://login.microsoftonline.com/botframework.com/v2.0/.well-known/openid-configuration",
    CallerId: "urn:botframework:azure",
  };
}

/** Without this the SDK also accepts an Entra token of any tenant that names the bot's app id (measured with 4.23.3). */
async function onlyTheConnector(
  claims: readonly { readonly type: string; readonly value: string }[],
): Promise<void> {
  if (claims.find((claim) => claim.type === "iss")?.value === connectorIssuer) return;
  throw new AuthenticationError("issuer not allowed", 401);
}

/** The part of the SDK's private HTTP client that omnibot sets right. */
interface Pipeline {
  removePolicy(options: { readonly name: string }): unknown;
  addPolicy(policy: {
    readonly name: string;
    sendRequest(request: Abortable, next: (request: Abortable) => unknown): unknown;
  }): void;
}

interface Abortable {
  abortSignal?: AbortSignal;
}

/**
 * Switches the SDK's retries off and a time-out on: it would repeat a POST up to four times, and every repetition is one
 * more message in the channel (measured with botbuilder 4.23.3). The time-out is a signal, since the client's own keeps its
 * timer, and with it the process, after a request that failed.
 */
function disciplineClient(client: unknown, timeout: number): void {
  const { pipeline } = (client as { readonly client: { readonly pipeline: Pipeline } }).client;
  pipeline.removePolicy({ name: "defaultRetryPolicy" });
  pipeline.addPolicy({
    name: "omnibot-timeout",
    sendRequest(request, next) {
      request.abortSignal = AbortSignal.timeout(timeout);
      return next(request);
    },
  });
}

import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import {
  CloudAdapter,
  ConfigurationBotFrameworkAuthentication,
  type Activity,
  type InvokeResponse,
  type TurnContext,
} from "botbuilder";
import { AuthenticationError, ServiceClientCredentialsFactory } from "botframework-connector";
import { createConnectorKeys, publicMetadata } from "./connector-keys.ts";
import { connectorIssuer, createTokenCheck, type TokenCheck } from "./connector-token.ts";

/** A valid token for the Bot Connector; asked before every request. */
export type BotToken = () => Promise<string>;

export interface AdapterOptions {
  readonly appId: string | undefined;
  readonly tenant: string;
  /** How omnibot proves to the Bot Connector who it is. */
  readonly token: BotToken | undefined;
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
  /** Judges a token before anything else is looked at; undefined where none is asked for. */
  readonly check: TokenCheck | undefined;

  constructor(
    authentication: ConfigurationBotFrameworkAuthentication,
    appId: string,
    check: TokenCheck | undefined,
  ) {
    super(authentication);
    this.appId = appId;
    this.anonymous = appId === "";
    this.check = check;
  }

  /** Has the SDK verify the token once more, then runs the turn. Throws AuthenticationError; returns the answer of an invoke. */
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
  if (appId !== "" && options.token === undefined) {
    throw new Error(
      "The bot has an app id, but no credentials. Set MICROSOFT_APP_PASSWORD, or use a managed identity.",
    );
  }
  const timeout = options.requestTimeout ?? defaultTimeout;
  const adapter = new TeamsAdapter(
    authenticationOf(appId, options),
    appId,
    checkOf(appId, options),
  );
  adapter.use(async (context, next) => {
    disciplineClient(context.turnState.get<unknown>(adapter.ConnectorClientKey), timeout);
    await next();
  });
  return adapter;
}

function checkOf(appId: string, { openIdMetadata }: AdapterOptions): TokenCheck | undefined {
  if (appId === "") return undefined;
  const now = () => Date.now();
  return createTokenCheck({
    appId,
    keys: createConnectorKeys(openIdMetadata ?? publicMetadata, now),
    now,
  });
}

function authenticationOf(
  appId: string,
  options: AdapterOptions,
): ConfigurationBotFrameworkAuthentication {
  const { tenant, token } = options;
  if (appId === "" || token === undefined) return new ConfigurationBotFrameworkAuthentication({});
  return new ConfigurationBotFrameworkAuthentication(
    {
      MicrosoftAppType: "SingleTenant",
      MicrosoftAppId: appId,
      MicrosoftAppTenantId: tenant,
      ...(options.openIdMetadata === undefined ? {} : publicCloud(options.openIdMetadata)),
    },
    new TokenFactory(appId, token),
    { requiredEndorsements: [], validateClaims: onlyTheConnector },
  );
}

/**
 * Signs what goes to the Bot Connector with the token of one credential, which renews it. The SDK's own ways are not used: its
 * federated one keeps its first assertion for ever, its managed one tries every source that there is (4.23.3).
 */
class TokenFactory extends ServiceClientCredentialsFactory {
  readonly #appId: string;
  readonly #token: BotToken;

  constructor(appId: string, token: BotToken) {
    super();
    this.#appId = appId;
    this.#token = token;
  }

  async isValidAppId(appId: string): Promise<boolean> {
    return appId === this.#appId;
  }

  async isAuthenticationDisabled(): Promise<boolean> {
    return false;
  }

  async createCredentials(): Promise<ServiceClientCredentials> {
    return {
      signRequest: async (request) => {
        request.headers.set("authorization", `Bearer ${await this.#token()}`);
        return request;
      },
    };
  }
}

type ServiceClientCredentials = Awaited<
  ReturnType<ServiceClientCredentialsFactory["createCredentials"]>
>;

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
    sendRequest(request: OutgoingRequest, next: (request: OutgoingRequest) => unknown): unknown;
  }): void;
}

interface OutgoingRequest {
  readonly method: string;
  readonly url: string;
  abortSignal?: AbortSignal;
  agent?: HttpAgent | HttpsAgent;
}

/** A proxy that the environment names is used, as the SDK does by itself. */
const unshared = { keepAlive: false, proxyEnv: process.env };
const ownConnection = { http: new HttpAgent(unshared), https: new HttpsAgent(unshared) };

/**
 * Switches the SDK's retries off and a time-out on: it would repeat a POST up to four times, and every repetition is one
 * more message in the channel (measured with botbuilder 4.23.3). The time-out is a signal, since the client's own keeps its
 * timer, and with it the process, after a request that failed. A POST goes on a connection of its own: one that was used
 * before may be closed by the other side just then, and whether the message arrived would be in doubt.
 */
function disciplineClient(client: unknown, timeout: number): void {
  const { pipeline } = (client as { readonly client: { readonly pipeline: Pipeline } }).client;
  pipeline.removePolicy({ name: "defaultRetryPolicy" });
  pipeline.addPolicy({
    name: "omnibot-discipline",
    sendRequest(request, next) {
      request.abortSignal = AbortSignal.timeout(timeout);
      if (request.method === "POST")
        request.agent = ownConnection[request.url.startsWith("https:") ? "https" : "http"];
      return next(request);
    },
  });
}

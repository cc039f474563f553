import { randomBytes, randomUUID } from "node:crypto";
import { tenantId } from "../people.ts";
import { StandIn, type StandInAnswer, type StandInRequest } from "../stand-in.ts";

export interface IdentityOptions {
  readonly port?: number;
  /** How long a token is good, in milliseconds; a day unless given, as App Service does it. */
  readonly lifetime?: number;
  /** Client id of the one user-assigned identity; without it every client id is known. */
  readonly clientId?: string;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface Identity {
  readonly url: string;
  /** The value of IDENTITY_ENDPOINT. */
  readonly endpoint: string;
  /** The value of IDENTITY_HEADER. */
  readonly header: string;
  readonly standIn: StandIn;
  /** Whether this server issued the token for this audience, and it has not expired. */
  accepts(token: string, audience: string): boolean;
  close(): Promise<void>;
}

const day = 24 * 60 * 60 * 1000;

/**
 * The managed identity endpoint of App Service (`IDENTITY_ENDPOINT`, `IDENTITY_HEADER`, api-version 2019-08-01).
 * Source: learn.microsoft.com/azure/app-service/overview-managed-identity, "REST endpoint reference".
 */
export async function startIdentity(options: IdentityOptions = {}): Promise<Identity> {
  const standIn = new StandIn("identity");
  const header = randomUUID().toUpperCase();
  const ownClient = options.clientId ?? randomUUID();
  const now = options.now ?? Date.now;
  const issued = new Map<string, { readonly audience: string; readonly expires: number }>();

  standIn.route("GET", "/msi/token", (request) => {
    const refusal = refuse(request, header, options.clientId);
    if (refusal !== undefined) return refusal;
    const resource = request.query.get("resource") ?? "";
    const client = request.query.get("client_id") ?? ownClient;
    const expires = now() + (options.lifetime ?? day);
    const token = issueToken(resource, client, now(), expires);
    issued.set(token, { audience: withoutSlash(resource), expires });
    return {
      status: 200,
      json: {
        access_token: token,
        client_id: client,
        expires_on: String(seconds(expires)),
        not_before: String(seconds(now())),
        resource,
        token_type: "Bearer",
      },
    };
  });

  const url = await standIn.listen(options.port);
  return {
    url,
    endpoint: `${url}/msi/token`,
    header,
    standIn,
    accepts(token, audience) {
      const known = issued.get(token);
      return (
        known !== undefined && known.audience === withoutSlash(audience) && now() < known.expires
      );
    },
    close: () => standIn.close(),
  };
}

function refuse(
  request: StandInRequest,
  header: string,
  clientId: string | undefined,
): StandInAnswer | undefined {
  // The header keeps a forged request of the application itself (SSRF) from reading a token.
  if (request.headers["x-identity-header"] !== header)
    return failure(401, "The X-IDENTITY-HEADER is missing or wrong.");
  const version = request.query.get("api-version");
  if (version !== "2019-08-01")
    return failure(400, `The api-version '${version ?? ""}' is not supported.`);
  if (!request.query.get("resource")) return failure(400, "The parameter 'resource' is required.");
  const client = request.query.get("client_id");
  if (clientId === undefined || client === null || client === clientId) return undefined;
  return failure(
    400,
    "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
  );
}

function failure(statusCode: number, message: string): StandInAnswer {
  return { status: statusCode, json: { statusCode, message } };
}

/** Shaped like Entra's tokens, so that whoever decodes one for a log or a claim finds what they expect; signed by nobody. */
function issueToken(audience: string, client: string, from: number, until: number): string {
  const claims = {
    aud: audience,
    iss: `https://sts.windows.net/${tenantId}/`,
    iat: seconds(from),
    nbf: seconds(from),
    exp: seconds(until),
    appid: client,
    idtyp: "app",
    tid: tenantId,
    uti: randomUUID(),
    ver: "1.0",
  };
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ typ: "JWT", alg: "RS256", kid: "sandbox" })}.${part(claims)}.${randomBytes(256).toString("base64url")}`;
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

function withoutSlash(audience: string): string {
  return audience.replace(/\/+$/, "");
}

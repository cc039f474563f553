import { createHmac, generateKeyPairSync, sign as signBytes, type KeyObject } from "node:crypto";
import { StandIn } from "../../sandbox/stand-in.ts";

export const connectorIssuer = "https://api.botframework.com";

/** A key pair as the Bot Connector has them: with a name, and the channels that it speaks for. */
export interface Key {
  readonly kid: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly endorsements?: readonly string[];
}

export interface KeyServer {
  readonly standIn: StandIn;
  /** Address of the OpenID metadata. */
  readonly metadata: string;
  /** Changes which keys are published. */
  publish(...keys: readonly Key[]): void;
  close(): Promise<void>;
}

export function createKey(kid: string, endorsements?: readonly string[]): Key {
  const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { kid, ...pair, ...(endorsements === undefined ? {} : { endorsements }) };
}

/** Publishes keys as login.botframework.com does: OpenID metadata that names a key set. */
export async function startKeyServer(...first: readonly Key[]): Promise<KeyServer> {
  const standIn = new StandIn("keys");
  let published = first;
  standIn.route("GET", "/v1/.well-known/openidconfiguration", () => ({
    status: 200,
    json: {
      issuer: connectorIssuer,
      jwks_uri: `${standIn.url}/v1/.well-known/keys`,
      id_token_signing_alg_values_supported: ["RS256"],
      token_endpoint_auth_methods_supported: ["private_key_jwt"],
    },
  }));
  standIn.route("GET", "/v1/.well-known/keys", () => ({
    status: 200,
    json: {
      keys: published.map(({ kid, publicKey, endorsements }) => ({
        ...publicKey.export({ format: "jwk" }),
        kid,
        use: "sig",
        ...(endorsements === undefined ? {} : { endorsements }),
      })),
    },
  }));
  await standIn.listen();
  return {
    standIn,
    metadata: `${standIn.url}/v1/.well-known/openidconfiguration`,
    publish: (...keys) => void (published = keys),
    close: () => standIn.close(),
  };
}

/** The claims of a token as the Bot Connector issues it, good from a minute ago for ten minutes. */
export function claimsFor(audience: string, serviceUrl: string, now = Date.now()): object {
  const at = Math.floor(now / 1000);
  return {
    serviceurl: serviceUrl,
    nbf: at - 60,
    exp: at + 600,
    iss: connectorIssuer,
    aud: audience,
  };
}

/** A signed token; the header's changes come last, so that a forgery can say anything there. */
export function signToken(claims: unknown, key: Key, header: object = {}): string {
  const unsigned = unsignedToken(claims, { alg: "RS256", kid: key.kid, typ: "JWT", ...header });
  const signature = signBytes("RSA-SHA256", Buffer.from(unsigned), key.privateKey);
  return `${unsigned}.${signature.toString("base64url")}`;
}

/** Signed with a secret that everybody knows: the old trick with the public key as the password. */
export function signWithPublicKey(claims: unknown, key: Key, header: object = {}): string {
  const unsigned = unsignedToken(claims, { alg: "HS256", kid: key.kid, typ: "JWT", ...header });
  const secret = key.publicKey.export({ type: "spki", format: "pem" });
  return `${unsigned}.${createHmac("sha256", secret).update(unsigned).digest("base64url")}`;
}

export function unsignedToken(claims: unknown, header: object): string {
  const part = (json: unknown) => Buffer.from(JSON.stringify(json)).toString("base64url");
  return `${part(header)}.${part(claims)}`;
}

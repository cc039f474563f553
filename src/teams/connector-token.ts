import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from "jose";
import type { Keys } from "./connector-keys.ts";

export const connectorIssuer = "https://api.botframework.com";

export type TokenVerdict =
  /** Of the Bot Connector, for this bot; it speaks for this service URL alone. */
  | { readonly state: "valid"; readonly serviceUrl: string }
  | { readonly state: "refused"; readonly why: string }
  /** The keys cannot be had: nobody is let in, and the caller may try again. */
  | { readonly state: "unchecked"; readonly why: string };

/** Judges an Authorization header. Never throws, and keeps nothing of what it refuses. */
export type TokenCheck = (authorization: string | undefined) => Promise<TokenVerdict>;

export interface TokenCheckOptions {
  readonly appId: string;
  readonly keys: Keys;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The Bot Connector's tokens have about 1500 characters. */
const longest = 8192;
const algorithms = ["RS256", "RS384", "RS512"];
/** Seconds that our clock and theirs may differ (the same as in the SDK). */
const clockTolerance = 300;

/**
 * Verifies the Bot Connector's token before anything of the body is read, and before the SDK sees it: that one also takes
 * tokens without an expiry and Entra tokens of any tenant, grows with every junk token, waits for its keys without end, and
 * prints what it refuses (measured with botbuilder 4.23.3). What is plainly none costs no look at the keys.
 */
export function createTokenCheck({ appId, keys, now }: TokenCheckOptions): TokenCheck {
  return async function check(authorization) {
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? "")?.[1];
    if (token === undefined || token.length > longest) return refused("no token");
    const kid = plausible(token);
    if (kid === undefined) return refused("no token of the Bot Connector");

    let known: Awaited<ReturnType<Keys>>;
    try {
      known = await keys(kid);
    } catch (error) {
      return { state: "unchecked", why: error instanceof Error ? error.message : String(error) };
    }
    try {
      const { payload, protectedHeader } = await jwtVerify(token, known.find, {
        algorithms,
        issuer: connectorIssuer,
        audience: appId,
        requiredClaims: ["exp", "serviceurl"],
        clockTolerance,
        currentDate: new Date(now()),
      });
      if (!known.endorsements(protectedHeader).includes("msteams"))
        return refused("its key does not speak for Teams");
      const { aud, serviceurl } = payload;
      if (aud !== appId || typeof serviceurl !== "string")
        return refused("a claim of a wrong kind");
      return { state: "valid", serviceUrl: serviceurl };
    } catch (error) {
      // jose's codes name the rule; its messages may repeat what the token says.
      return refused(error instanceof errors.JOSEError ? error.code : "it cannot be verified");
    }
  };
}

/** The key that a token names, where it claims to be one of the Bot Connector's. Nothing is verified yet. */
function plausible(token: string): string | undefined {
  try {
    const { alg = "", kid } = decodeProtectedHeader(token);
    const isOurs = algorithms.includes(alg) && decodeJwt(token).iss === connectorIssuer;
    return isOurs && typeof kid === "string" ? kid : undefined;
  } catch {
    return undefined;
  }
}

function refused(why: string): TokenVerdict {
  return { state: "refused", why };
}

import { z } from "zod";
import { ServiceError } from "../deployment/service-error.ts";
import { isSafe } from "./address.ts";
import type { Challenge } from "./bearer-challenge.ts";
import type { TokenCredential } from "./credential.ts";
import { callRegistry, parseJson, refusedBy } from "./registry-call.ts";
import { getToken } from "./token.ts";

/** How omnibot signs in to a registry. */
export type RegistryAuth =
  | { readonly kind: "entra"; readonly credential: TokenCredential }
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | { readonly kind: "anonymous" };

/** The value of an Authorization header, and until when it is good, ms since 1970. */
export interface Authorization {
  readonly value: string;
  readonly until: number;
}

/** Container registries in Entra, the same in every tenant. */
const scope = "https://containerregistry.azure.net/.default";

/** Tokens are given up this long before they end, in milliseconds. */
const margin = 30_000;

/** How long a token is good that does not say so, in seconds (Docker's token specification). */
const shortest = 60;

const exchanged = z.object({ refresh_token: z.string().min(1) });
const granted = z
  .object({
    token: z.string().optional(),
    access_token: z.string().optional(),
    expires_in: z.number().optional(),
  })
  .transform((answer, context) => {
    const token = answer.access_token ?? answer.token;
    if (token === undefined || token === "") context.addIssue("no token");
    return { token: token ?? "", seconds: answer.expires_in };
  });

/**
 * Answers a registry's challenge with the right to pull from one repository, and no more than that, whatever the challenge
 * asks for. Credentials go to the registry's own host only: a challenge may name any address as its realm, and must not
 * be able to send them there. A realm elsewhere is asked anonymously, over https.
 */
export function createRegistryAccess(
  registry: URL,
  repository: string,
  auth: RegistryAuth,
  now: () => number,
  patience: number,
): (challenge: Challenge) => Promise<Authorization> {
  const pull = `repository:${repository}:pull`;
  let refresh: { readonly token: string; readonly until: number } | undefined;

  return async function answer(challenge) {
    if (challenge.scheme === "basic") return { value: basic(), until: Number.MAX_SAFE_INTEGER };
    if (auth.kind === "entra")
      return await exchange(auth.credential, challenge.service ?? registry.host);
    return await ask(challenge);
  };

  function basic(): string {
    if (auth.kind !== "basic") throw denied(`${registry.host} asks for a user and a password`);
    return `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString("base64")}`;
  }

  /** Docker's token service: what docker-registry, Harbor and GHCR have, and ACR for a user and a password. */
  async function ask(challenge: Challenge): Promise<Authorization> {
    const realm = URL.parse(challenge.realm ?? "");
    if (realm === null || !isSafe(realm))
      throw denied(`${registry.host} sends omnibot to an address that is not safe`);
    const own = realm.origin === registry.origin;
    if (!own && auth.kind === "basic") {
      throw denied(
        `${registry.host} wants the password sent to ${realm.host}, which omnibot does not do`,
      );
    }
    realm.searchParams.set("scope", pull);
    if (challenge.service !== undefined) realm.searchParams.set("service", challenge.service);
    const headers = auth.kind === "basic" ? { authorization: basic() } : {};
    return await grant(realm, { headers });
  }

  /** ACR: the Entra token is exchanged for a refresh token of the registry, and that for the right to pull. */
  async function exchange(credential: TokenCredential, service: string): Promise<Authorization> {
    if (refresh === undefined || refresh.until <= now()) {
      const entra = await getToken(credential, scope, "registry");
      const url = new URL("/oauth2/exchange", registry);
      const form = new URLSearchParams({
        grant_type: "access_token",
        service,
        access_token: entra,
      });
      const { refresh_token: token } = await post(url, { method: "POST", body: form }, exchanged);
      refresh = { token, until: endOf(token, undefined) };
    }
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      service,
      scope: pull,
      refresh_token: refresh.token,
    });
    try {
      return await grant(new URL("/oauth2/token", registry), { method: "POST", body: form });
    } catch (error) {
      refresh = undefined;
      throw error;
    }
  }

  async function grant(url: URL, request: RequestInit): Promise<Authorization> {
    const { token, seconds } = await post(url, request, granted);
    return { value: `Bearer ${token}`, until: endOf(token, seconds) };
  }

  async function post<Answer>(
    url: URL,
    request: RequestInit,
    shape: z.ZodType<Answer>,
  ): Promise<Answer> {
    const answer = await callRegistry(url, request, patience);
    if (answer.status !== 200) throw refusedBy(url, answer);
    const checked = shape.safeParse(parseJson(answer.body));
    if (checked.success) return checked.data;
    throw new ServiceError(
      "registry",
      "unreachable",
      "none",
      `${url.host} gave no token that omnibot understands`,
    );
  }

  /** When to stop using a token: from the answer, else from the token itself (ACR), else soon. */
  function endOf(token: string, seconds: number | undefined): number {
    const end = seconds === undefined ? expiryOf(token) : now() + seconds * 1000;
    return (end ?? now() + shortest * 1000) - margin;
  }
}

/** The `exp` of a JWT in milliseconds; only for not asking in vain, so its signature does not matter. */
function expiryOf(token: string): number | undefined {
  const claims = parseJson(Buffer.from(token.split(".")[1] ?? "", "base64url"));
  const checked = z.object({ exp: z.number() }).safeParse(claims);
  return checked.success ? checked.data.exp * 1000 : undefined;
}

function denied(words: string): ServiceError {
  return new ServiceError("registry", "denied", "none", words);
}

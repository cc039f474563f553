import { createLocalJWKSet, type JWTHeaderParameters } from "jose";
import { z } from "zod";

/** Where the public cloud's Bot Connector publishes its keys (docs.microsoft.com, "Bot Connector authentication"). */
export const publicMetadata = "https://login.botframework.com/v1/.well-known/openidconfiguration";

const metadata = z.looseObject({ jwks_uri: z.url() });
const keySet = z.looseObject({
  keys: z
    .array(
      z.looseObject({
        kty: z.string(),
        kid: z.string(),
        endorsements: z.array(z.string()).default([]),
      }),
    )
    .max(1000),
});

export interface KeySet {
  /** Finds the one key of a token's header, as jose asks for it. */
  readonly find: ReturnType<typeof createLocalJWKSet>;
  /** The channels that a key may speak for. */
  readonly endorsements: (header: JWTHeaderParameters) => readonly string[];
}

/** The keys of the Bot Connector at this moment, for a token that names this one. Throws when there are none to be had. */
export type Keys = (kid: string) => Promise<KeySet>;

const patience = 5000;
/** Microsoft asks for a day at most. */
const longest = 24 * 60 * 60_000;
/** Whoever makes up key names causes no more than one look in this time. */
const cooldown = 5 * 60_000;
/** After a look that failed, the keys of before are good for so long, ... */
const secondChance = 60_000;
/** ... and without any, nobody asks for so long. */
const breath = 2000;

/** Keeps the keys for a day, looks again for a key that it does not know, and never twice at once. Milliseconds. */
export function createConnectorKeys(place: string, now: () => number): Keys {
  let known: (KeySet & { readonly kids: ReadonlySet<string> }) | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let staleAt = 0;
  let looking: Promise<void> | undefined;

  return async function keysFor(kid) {
    const stale = known === undefined || now() >= staleAt;
    const unknown = known?.kids.has(kid) === false && now() - lookedAt >= cooldown;
    const failed = known === undefined && now() - lookedAt < breath && looking === undefined;
    if ((stale || unknown) && !failed) {
      looking ??= look().finally(() => (looking = undefined));
      await looking;
    }
    if (known === undefined) throw new Error("the keys of the Bot Connector are not known");
    return known;
  };

  async function look(): Promise<void> {
    lookedAt = now();
    try {
      const { jwks_uri } = metadata.parse(await fetchJson(place));
      // A key that came over a line that anybody may change is nobody's.
      if (new URL(jwks_uri).protocol !== new URL(place).protocol)
        throw new Error("the keys of the Bot Connector are not where they should be");
      const { keys } = keySet.parse(await fetchJson(jwks_uri));
      const byKid = new Map(keys.map((key) => [key.kid, key.endorsements]));
      known = {
        find: createLocalJWKSet({ keys }),
        endorsements: ({ kid = "" }) => byKid.get(kid) ?? [],
        kids: new Set(byKid.keys()),
      };
      staleAt = now() + longest;
    } catch (error) {
      if (known === undefined) throw error;
      staleAt = Math.max(staleAt, now() + secondChance);
    }
  }
}

async function fetchJson(address: string): Promise<unknown> {
  const answer = await fetch(address, { redirect: "error", signal: AbortSignal.timeout(patience) });
  if (!answer.ok)
    throw new Error(`the keys of the Bot Connector cannot be read (${answer.status})`);
  return answer.json();
}

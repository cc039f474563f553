import type { Parts } from "../../src/omnibot.ts";

/**
 * How long a row or thread is held, in milliseconds: longer than any single request to a stand-in. On PostgreSQL nobody but
 * time ends the lease of a process that was killed, and a run with many kills cannot wait half a minute for each; a short
 * lease hides nothing, it only lets others in earlier.
 */
export const lease = 4000;

/** An owner that did nothing for so long is stale. Milliseconds. */
export const staleAfter = 6000;

/** While something is held, nobody renews its lease behind its back. */
export function withoutRenewals(parts: Parts, isHolding: () => boolean): Parts {
  const { ledger } = parts;
  return {
    ...parts,
    ledger: {
      ...ledger,
      renew: (claim, until) => (isHolding() ? Promise.resolve(false) : ledger.renew(claim, until)),
    },
  };
}

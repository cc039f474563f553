import type { Parts } from "../../src/omnibot.ts";

/** Milliseconds. Long enough for any single request to a stand-in. */
const lease = 4000;

/**
 * On PostgreSQL nobody but time ends the lease of a process that was killed. A run with many kills cannot wait half a minute
 * for each; a short lease hides nothing, it only lets others in earlier.
 */
export function withShortLeases(parts: Parts): Parts {
  const { ledger, threads } = parts;
  const soon = (until: number) => Math.min(until, Date.now() + lease);
  return {
    ...parts,
    ledger: {
      ...ledger,
      claim: (owner, now, until) => ledger.claim(owner, now, soon(until)),
      renew: (claim, until) => ledger.renew(claim, soon(until)),
      intend: (claim, name, at, until, facts) => ledger.intend(claim, name, at, soon(until), facts),
    },
    threads: {
      ...threads,
      claimThread: (owner, now, until) => threads.claimThread(owner, now, soon(until)),
      keepThread: (claim, sent, until) => threads.keepThread(claim, sent, soon(until)),
    },
  };
}

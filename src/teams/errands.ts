import type { Logger } from "pino";
import { within } from "./within.ts";

export interface Errands {
  /** Starts something that nobody waits for. Its errors are logged; more than there is room for is refused. */
  add(what: string, errand: () => Promise<void>): void;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
}

const mostAtOnce = 100;
const longest = 40_000;

/** Work that goes on after Teams has its answer: bounded in number and time, and waited for when the process ends. */
export function createErrands(log: Logger): Errands {
  const underWay = new Set<Promise<void>>();

  return {
    add(what, errand) {
      if (underWay.size >= mostAtOnce)
        return log.warn({ what }, "too much is under way; this is left out");
      const run = within(longest, what, Promise.resolve().then(errand))
        .catch((error: unknown) =>
          log.warn(
            { what, why: error instanceof Error ? error.message : String(error) },
            "an errand failed",
          ),
        )
        .finally(() => underWay.delete(run));
      underWay.add(run);
    },

    async settled() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}

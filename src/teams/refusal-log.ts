import type { Logger } from "pino";

const window = 60_000;
const mostLines = 20;

/** Logs what the gate turns away: a few lines a minute, and then how many more there were. Whoever knocks does not fill the disk. */
export function createRefusalLog(
  log: Logger,
  now: () => number,
): (refusal: { readonly status: number; readonly why: string }) => void {
  let since = Number.NEGATIVE_INFINITY;
  let count = 0;

  return function note(refusal) {
    if (now() - since >= window) {
      if (count > mostLines)
        log.warn({ count: count - mostLines }, "refused more messages in that minute");
      since = now();
      count = 0;
    }
    count += 1;
    if (count <= mostLines) log.warn(refusal, "refused a message");
  };
}

import type { Event } from "./objects.ts";
import { pullWords } from "./pull-words.ts";

/** An event that was not repeated for so long tells of something that is over; milliseconds. */
const recent = 3 * 60_000;

/** The newest event of one of these reasons whose message fits, if it is not over. */
export function findEvent(
  events: readonly Event[],
  reasons: readonly string[],
  now: number,
  fits: RegExp = /(?:)/,
): Event | undefined {
  return events
    .filter(({ reason, message }) => reasons.includes(reason) && fits.test(message))
    .filter(({ last = now }) => now - last < recent)
    .toSorted((a, b) => (b.last ?? 0) - (a.last ?? 0))[0];
}

/** How often a container failed in this way, as far as events tell: 0 where there are none. */
export function countEvents(
  events: readonly Event[],
  container: string,
  reason: string,
  fits: RegExp,
): number {
  return events
    .filter((one) => one.container === container && one.reason === reason && fits.test(one.message))
    .reduce((sum, one) => sum + one.count, 0);
}

/** The newest warnings of a pod, oldest first, one line each: what an operator would read. */
export function warningsOf(events: readonly Event[], most = 3): readonly string[] {
  const warnings = events.filter(({ type }) => type === "Warning");
  const newest = warnings.toSorted((a, b) => (a.last ?? 0) - (b.last ?? 0)).slice(-most);
  return newest.map(({ reason, message, count }) => {
    const times = count > 1 ? ` (${count} times)` : "";
    return `${reason}${times}: ${pullWords(message)}`;
  });
}

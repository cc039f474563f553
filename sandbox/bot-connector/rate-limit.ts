/** Sends and edits in one channel: this many in this many milliseconds, per bot (Teams' rate-limit page). */
const limits = [
  { count: 7, within: 1000 },
  { count: 8, within: 2000 },
  { count: 60, within: 30_000 },
  { count: 1800, within: 3_600_000 },
] as const;

/** Counts the requests of a bot in one channel as Teams does. */
export class RateLimit {
  readonly #speed: number;
  readonly #taken: number[] = [];

  constructor(speed: number) {
    this.#speed = speed;
  }

  /** Takes one request; the milliseconds to wait where there is none left. */
  take(now: number): number | undefined {
    const taken = this.#taken;
    const waits = limits.flatMap(({ count, within }) => {
      const oldest = taken.at(-count);
      const end = oldest === undefined ? now : oldest + within / this.#speed;
      return taken.length >= count && end > now ? [end - now] : [];
    });
    if (waits.length > 0) return Math.max(...waits);
    taken.push(now);
    if (taken.length > 4000) taken.splice(0, 2000);
    return undefined;
  }
}

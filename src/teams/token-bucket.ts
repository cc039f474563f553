/** Most channels whose pace is remembered; a forgotten one starts again with a full bucket. */
const mostRemembered = 1000;

export interface Pace {
  /** Messages per second that a channel gets for long. */
  readonly perSecond: number;
  /** Messages that it may get at once. */
  readonly burst: number;
}

/**
 * How fast each channel may be written to: Teams allows 60 messages and edits in 30 seconds to all threads of a channel
 * together (https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit).
 */
export function createBuckets({ perSecond, burst }: Pace) {
  const buckets = new Map<string, { tokens: number; at: number; blockedUntil: number }>();

  return {
    /** Takes a token: 0, or else how many milliseconds to wait before asking again. */
    take(channel: string, now: number): number {
      const bucket = bucketOf(channel, now);
      if (now < bucket.blockedUntil) return bucket.blockedUntil - now;
      if (bucket.tokens >= 1) {
        bucket.tokens -= 1;
        return 0;
      }
      return Math.ceil(((1 - bucket.tokens) / perSecond) * 1000);
    },

    /** Nothing goes to this channel before `until` (ms since 1970): it asked for patience. */
    block(channel: string, until: number, now: number): void {
      const bucket = bucketOf(channel, now);
      bucket.blockedUntil = Math.max(bucket.blockedUntil, until);
    },
  };

  function bucketOf(channel: string, now: number) {
    const known = buckets.get(channel);
    if (known !== undefined) {
      known.tokens = Math.min(
        burst,
        known.tokens + (Math.max(0, now - known.at) / 1000) * perSecond,
      );
      known.at = now;
      return known;
    }
    if (buckets.size >= mostRemembered) buckets.clear();
    const fresh = { tokens: burst, at: now, blockedUntil: 0 };
    buckets.set(channel, fresh);
    return fresh;
  }
}

export type Buckets = ReturnType<typeof createBuckets>;

const Usual = Date;
/** Since when (ms of the usual clock) time has passed how many times as fast, and what time it was then. */
let pace: { readonly since: number; readonly at: number; readonly speed: number } | undefined;

/**
 * Lets time pass `speed` times as fast in this process, for everybody who asks for it: omnibot's loops, the clusters' clocks,
 * what is written into objects and logs. Timers stay as they are; whoever sleeps until a moment has to divide. Another speed
 * goes on from the time that it is by then.
 */
export function hurryTime(speed: number): void {
  const at = now();
  if (pace === undefined) {
    globalThis.Date = new Proxy(Usual, {
      construct: (target, asked, made) =>
        Reflect.construct(target, asked.length === 0 ? [now()] : asked, made) as object,
      get: (target, key) => (key === "now" ? now : (Reflect.get(target, key) as unknown)),
    });
  }
  pace = { since: Usual.now(), at, speed };
}

function now(): number {
  const usual = Usual.now();
  return pace === undefined ? usual : pace.at + Math.round((usual - pace.since) * pace.speed);
}

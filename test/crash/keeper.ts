import { setTimeout as delay } from "node:timers/promises";
import type { Blow, Point } from "./orders.ts";
import { loadProcess, type End, type Process, type ProcessOptions } from "./process.ts";
import { staleAfter } from "./stale.ts";

/** When to strike: at a point of omnibot's own, or, to kill it, so many milliseconds after the blow before. */
export type Kill = Point | { readonly after: number };

/** Keeps omnibot running, as its platform would, and kills it as planned. */
export interface Keeper {
  /** These kills, one after the other: the next is ordered when omnibot starts after the one before. */
  plan(kills: readonly Kill[]): void;
  /** Takes back what was not reached, and ends whoever helped out. */
  cancel(): readonly Kill[];
  /** Whether omnibot takes messages now. */
  isUp(): boolean;
  /** Whether nothing is held or stands still, and whoever was has had time to do harm. */
  isCalm(): boolean;
  trace(on: boolean): void;
  /** Kills that hit, and times that something was held or stood still. */
  readonly hits: number;
  /** Ends of the process that nobody ordered. */
  readonly ends: readonly End[];
  stop(): Promise<void>;
}

export interface KeeperOptions extends Omit<ProcessOptions, "struck"> {
  /** Whether another process goes on while one stands still: not where one alone may have the ledger. */
  readonly helps: boolean;
  /** Looks at what a process has left behind, before the next one starts or while it stands still. */
  readonly struck: (blow: Blow) => Promise<void>;
}

/** Between two starts of a process that ends by itself, in milliseconds. */
const pause = 500;
/** What a stale owner may still do, it does at once. Milliseconds. */
const harm = 1500;

export function startKeeper(options: KeeperOptions): Keeper {
  const { helps } = options;
  const left: Kill[] = [];
  const ends: End[] = [];
  let hits = 0;
  const stopping = new AbortController();
  let up = false;
  let tracing = false;
  let timer: NodeJS.Timeout | undefined;
  /** Whether a kill was ordered of the process that runs now. */
  let armed = false;
  let calmAt = 0;
  /** Goes on while the current process stands still, and beside it afterwards. */
  let helper: Process | undefined;
  const load = () => loadProcess({ ...options, struck });
  let current = load();
  let spare = load();
  const running = run();

  function next(): Point | undefined {
    clearTimeout(timer);
    const [kill] = left;
    if (kill === undefined) return undefined;
    if ("at" in kill) {
      armed ||= kill.blow === "kill";
      return kill;
    }
    const target = current;
    timer = setTimeout(() => {
      armed = true;
      target.kill();
    }, kill.after);
    return undefined;
  }

  function struck(blow: Blow): void {
    hits += 1;
    left.shift();
    calmAt = Date.now() + staleAfter + harm;
    void options.struck(blow);
    if (blow === "hold") current.order(next());
    else void standStill(current);
  }

  async function standStill(frozen: Process): Promise<void> {
    calmAt = Infinity;
    if (helps) {
      helper = spare;
      spare = load();
      void helper.ended.then((end) => (end.signal === "SIGKILL" ? 0 : ends.push(end)));
      await helper.begin(undefined, () => tracing, 0);
      await Promise.race([helper.listening, helper.ended]);
    }
    await delay(staleAfter);
    frozen.resume();
    frozen.order(next());
    calmAt = Date.now() + harm;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await live(current);
      current = spare;
      if (!stopping.signal.aborted) spare = load();
    }
  }

  async function live(process: Process): Promise<void> {
    const begun = left[0];
    await process.begin(next(), () => tracing);
    // The plan may have changed while it loaded.
    if (left[0] !== begun) process.order(next());
    void process.listening.then(() => (up = process === current));
    const end = await process.ended;
    up = false;
    clearTimeout(timer);
    if (stopping.signal.aborted) return;
    const wanted = armed;
    armed = false;
    if (end.signal === "SIGKILL" && wanted) {
      left.shift();
      hits += 1;
    } else {
      ends.push(end);
      await delay(pause);
    }
    await options.struck("kill");
  }

  return {
    plan(planned) {
      left.push(...planned);
      current.order(next());
    },
    cancel() {
      clearTimeout(timer);
      current.order(undefined);
      helper?.kill();
      helper = undefined;
      return left.splice(0);
    },
    isUp: () => up,
    isCalm: () => Date.now() >= calmAt,
    trace(on) {
      tracing = on;
      current.trace(on);
    },
    get hits() {
      return hits;
    },
    ends,
    async stop() {
      stopping.abort();
      for (const process of [current, spare, helper]) process?.kill();
      await running;
      await spare.ended;
    },
  };
}

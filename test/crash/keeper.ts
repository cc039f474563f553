import { setTimeout as delay } from "node:timers/promises";
import type { Point } from "./orders.ts";
import { loadProcess, type End, type Process, type ProcessOptions } from "./process.ts";

/** When to kill: at a point of omnibot's own, or so many milliseconds after the kill before. */
export type Kill = Point | { readonly after: number };

/** Keeps omnibot running, as its platform would, and kills it as planned. */
export interface Keeper {
  /** These kills, one after the other: the next is ordered when omnibot starts after the one before. */
  plan(kills: readonly Kill[]): void;
  /** Takes back what was not reached. */
  cancel(): readonly Kill[];
  /** Whether omnibot takes messages now. */
  isUp(): boolean;
  trace(on: boolean): void;
  /** Kills that hit, and times that something was held. */
  readonly hits: number;
  /** Ends of the process that nobody ordered. */
  readonly ends: readonly End[];
  stop(): Promise<void>;
}

export interface KeeperOptions extends Omit<ProcessOptions, "passed"> {
  readonly passed?: (point: string) => void;
  /** Looks at what a process left behind, before the next one starts. */
  readonly killed?: () => Promise<void>;
}

/** Between two starts of a process that ends by itself, in milliseconds. */
const pause = 500;

export function startKeeper(options: KeeperOptions): Keeper {
  const { passed = () => {}, killed = async () => {} } = options;
  const left: Kill[] = [];
  const ends: End[] = [];
  let hits = 0;
  const stopping = new AbortController();
  let up = false;
  let tracing = false;
  let timer: NodeJS.Timeout | undefined;
  /** Whether a kill was ordered of the process that runs now. */
  let armed = false;
  const load = () => loadProcess({ ...options, passed, held });
  let current = load();
  let spare = load();
  const running = run();

  function next(): Point | undefined {
    clearTimeout(timer);
    const [kill] = left;
    if (kill === undefined) return undefined;
    if ("at" in kill) {
      armed ||= kill.hold === undefined;
      return kill;
    }
    const target = current;
    timer = setTimeout(() => {
      armed = true;
      target.kill();
    }, kill.after);
    return undefined;
  }

  function held(): void {
    hits += 1;
    left.shift();
    current.order(next());
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
    await killed();
  }

  return {
    plan(planned) {
      left.push(...planned);
      current.order(next());
    },
    cancel() {
      clearTimeout(timer);
      current.order(undefined);
      return left.splice(0);
    },
    isUp: () => up,
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
      current.kill();
      spare.kill();
      await running;
      await spare.ended;
    },
  };
}

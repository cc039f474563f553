import type { Clock } from "./clock.ts";
import type { Change, Store } from "./store.ts";
import type { Tasks } from "./tasks.ts";

export interface Control {
  readonly store: Store;
  readonly clock: Clock;
  readonly tasks: Tasks;
}

export interface Controller {
  readonly name: string;
  /** Keys to look at in the beginning. */
  readonly initial?: readonly string[];
  /** Keys of the objects that a change makes worth another look. */
  readonly keys: (change: Change) => readonly string[];
  /** Brings one object forward. Returns after how many milliseconds (at speed 1) to look again without a change. */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<number | void>;
}

/** Between a write and the controller that acts on it lie some milliseconds: clients see the state in between. */
const lag = 10;

/** Runs a level-triggered controller: one look at a time per key, and another one when something changed meanwhile. */
export function runController({ store, clock, tasks }: Control, controller: Controller): void {
  const running = new Set<string>();
  const dirty = new Set<string>();

  function add(key: string): void {
    if (running.has(key)) return void dirty.add(key);
    running.add(key);
    tasks.start(`${controller.name} ${key}`, (signal) =>
      work(key, signal).finally(() => running.delete(key)),
    );
  }

  async function work(key: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      dirty.delete(key);
      await clock.sleep(lag, signal);
      const again = await controller.reconcile(key, signal);
      if (dirty.has(key)) continue;
      if (again === undefined) return;
      await pause(key, again, signal);
    }
  }

  /** Waits for the time to pass or for a change, whichever is first. */
  async function pause(key: string, duration: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    const stop = store.subscribe(() => {
      if (dirty.has(key)) woken.abort();
    });
    try {
      await clock.wait(duration, AbortSignal.any([signal, woken.signal]));
    } catch (error) {
      if (!woken.signal.aborted || signal.aborted) throw error;
    } finally {
      stop();
    }
  }

  const stop = store.subscribe((change) => controller.keys(change).forEach(add));
  tasks.signal.addEventListener("abort", stop, { once: true });
  controller.initial?.forEach(add);
}

/**
 * Waits until `find` finds something in the store, looking again after every write; undefined when `duration`
 * (milliseconds at speed 1) passed first.
 */
export async function waitFor<T>(
  { store, clock }: Pick<Control, "store" | "clock">,
  duration: number,
  signal: AbortSignal,
  find: () => T | undefined,
): Promise<T | undefined> {
  const found = find();
  if (found !== undefined) return found;
  const done = new AbortController();
  let result: T | undefined;
  const stop = store.subscribe(() => {
    result ??= find();
    if (result !== undefined) done.abort();
  });
  try {
    await clock.wait(duration, AbortSignal.any([signal, done.signal]));
  } catch (error) {
    if (!done.signal.aborted) throw error;
  } finally {
    stop();
  }
  return result;
}

/** The key of a namespaced object: `namespace/name`. */
export function keyOf(metadata: { readonly namespace?: string; readonly name: string }): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

export function parseKey(key: string): { readonly namespace: string; readonly name: string } {
  const [namespace = "", name = ""] = key.split("/");
  return { namespace, name };
}

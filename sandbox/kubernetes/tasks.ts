import { isRecord } from "./merge-patch.ts";

/**
 * Everything that runs in the background of a stand-in. What goes wrong in it is written to stderr at once, and thrown by
 * close(), so that no test passes over it.
 */
export class Tasks {
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #errors: unknown[] = [];

  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Runs until it is done; an abort by any signal ends it quietly. */
  start(name: string, run: (signal: AbortSignal) => Promise<void>): void {
    if (this.signal.aborted) return;
    const running = run(this.signal)
      .catch((error: unknown) => {
        if (isAbort(error)) return;
        this.#errors.push(error);
        console.error(`${name}:`, error);
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    while (this.#running.size > 0) await Promise.all(this.#running);
    if (this.#errors.length > 0)
      throw new AggregateError(this.#errors, "something in the background went wrong");
  }
}

export function isAbort(error: unknown): boolean {
  return isRecord(error) && error["name"] === "AbortError";
}

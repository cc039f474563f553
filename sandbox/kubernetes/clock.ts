import { setTimeout as delay } from "node:timers/promises";

/** The time of the sandbox: waiting is divided by `speed`, and can be hurried through while a first state is built. */
export class Clock {
  readonly speed: number;
  #hurrying = false;
  #offset = 0;

  constructor(speed: number) {
    if (!(speed > 0)) throw new Error(`speed must be more than 0, not ${speed}`);
    this.speed = speed;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return Date.now() + this.#offset;
  }

  /** Now as Kubernetes writes it: whole seconds. */
  timestamp(at: number = this.now()): string {
    return `${new Date(at).toISOString().slice(0, 19)}Z`;
  }

  /** Milliseconds at speed 1 since some moment, to measure how long something took: never by the calendar's clock. */
  ticks(): number {
    return performance.now() * this.speed;
  }

  /** How long `duration` (milliseconds at speed 1) takes here. */
  scale(duration: number): number {
    return duration / this.speed;
  }

  /** Lets `duration` (milliseconds at speed 1) pass; rejects with an AbortError when the signal fires. */
  async sleep(duration: number, signal: AbortSignal): Promise<void> {
    await delay(this.#hurrying ? 0 : this.scale(duration), undefined, { signal });
  }

  /** Waits for something that may take as long as `duration`: not shortened by hurry, the signal ends it. */
  async wait(duration: number, signal: AbortSignal): Promise<void> {
    await delay(this.scale(duration), undefined, { signal });
  }

  /** Runs `build` as if it had happened at `at`, with nobody waiting for anything. */
  async hurry<T>(at: number, build: () => Promise<T>): Promise<T> {
    const before = this.#offset;
    this.#hurrying = true;
    this.#offset = at - Date.now();
    try {
      return await build();
    } finally {
      this.#hurrying = false;
      this.#offset = before;
    }
  }
}

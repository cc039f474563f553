import type { Clock } from "../../src/deployment/ports.ts";

/**
 * The time of omnibot's loops. It passes as usual, and jumps over waits that a story asks for, but only while nothing is
 * under way: no lease and no time-out of a request that is out must seem to end by a jump.
 */
export class JumpingClock implements Clock {
  readonly #waits = new Map<string, number>();
  #ahead = 0;
  #busy = 0;

  now(): number {
    return Date.now() + this.#ahead;
  }

  /** How far it is ahead of the world's time, in milliseconds. */
  get ahead(): number {
    return this.#ahead;
  }

  /** Something begins that must not be jumped over. */
  begin(): void {
    this.#busy += 1;
  }

  /** It has ended. */
  end(): void {
    this.#busy -= 1;
    this.#jump();
  }

  /** Whoever this is waits until then (ms since 1970) and for nothing else. */
  wait(who: string, until: number): void {
    this.#waits.set(who, until);
  }

  /** Whoever this is waits no more. */
  resume(who: string): void {
    this.#waits.delete(who);
  }

  /** Begins anew: nothing is under way, and it is the world's time. */
  reset(): void {
    this.#waits.clear();
    this.#busy = 0;
    this.#ahead = 0;
  }

  #jump(): void {
    if (this.#busy > 0 || this.#waits.size === 0) return;
    this.#ahead += Math.max(0, Math.min(...this.#waits.values()) - this.now());
  }
}

import { uptime } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { sql } from "kysely";
import type { Log } from "../deployment/engine.ts";
import type { Clock } from "../deployment/ports.ts";
import type { Database } from "./database.ts";

/** The time that everybody on one ledger agrees on. */
export interface LedgerClock extends Clock {
  /** Asks the ledger for its time once. Throws when there is no answer. */
  measure(): Promise<void>;
  /** Measures again and again until the signal. */
  run(signal: AbortSignal): Promise<void>;
}

export interface ClockOptions {
  /** The ledger's time, in milliseconds since 1970. */
  readonly read: () => Promise<number>;
  /** Milliseconds that have passed since some moment: never jumps, and goes on while the machine sleeps. */
  readonly ticks?: () => number;
  readonly log: Log;
  /** Told after the ledger's clock went back: what was due soon lies far ahead now. */
  readonly wentBack?: () => void;
}

/** How often it is measured, in milliseconds. */
const interval = 10_000;
/** An answer that took longer than this says too little about the time. Milliseconds. */
const slowest = 1000;
/** A machine that slept for less did not sleep. Milliseconds. */
const shortestSleep = 1000;
/** What is told: a jump, rather than the trembling of one measurement. Milliseconds. */
const jump = 5000;

/**
 * A clock that is set by the ledger's and runs by the time since the start of the machine, so that a wrong or a jumping clock
 * of this machine does no harm. It is exact to half of an answer's way.
 */
export async function createLedgerClock(options: ClockOptions): Promise<LedgerClock> {
  const { read, log, wentBack, ticks = createTicks() } = options;
  let offset: number | undefined;

  async function measure(): Promise<void> {
    const before = ticks();
    const time = await read();
    const after = ticks();
    if (after - before > slowest && offset !== undefined) return;
    const measured = time - (before + after) / 2;
    const moved = measured - (offset ?? measured);
    offset = measured;
    if (Math.abs(moved) <= jump) return;
    log.warn({ milliseconds: Math.round(moved) }, "the ledger's clock has jumped");
    if (moved < 0) wentBack?.();
  }

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await delay(interval, undefined, { signal }).catch(() => {});
      // A ledger that does not answer is told of by those who need it.
      if (!signal.aborted) await measure().catch(() => {});
    }
  }

  await measure();
  // Rounded down, as Date.now() is: on SQLite, whose clock that is, never ahead of it.
  return { measure, run, now: () => Math.floor(ticks() + (offset ?? 0)) };
}

/**
 * Milliseconds since the machine's start, sleep and all. `coarse` knows of the sleep, but comes in steps (Linux tells it in
 * hundredths of a second); `fine` stands still meanwhile.
 */
export function createTicks(
  coarse = () => uptime() * 1000,
  fine = () => performance.now(),
): () => number {
  let asleep = coarse() - fine();
  return () => {
    const now = fine();
    const apart = coarse() - now;
    if (apart - asleep > shortestSleep) asleep = apart;
    return now + asleep;
  };
}

/** PostgreSQL's own time; with SQLite, this machine's as it is now: it has no other. */
export async function readTime({ db, dialect }: Database): Promise<number> {
  if (dialect === "sqlite") return Date.now();
  const query = sql<{ now: string }>`select extract(epoch from clock_timestamp()) * 1000 as now`;
  const { rows } = await query.execute(db);
  return Number(rows[0]?.now);
}

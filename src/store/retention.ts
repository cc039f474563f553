import { setTimeout as delay } from "node:timers/promises";
import { sql, type Kysely } from "kysely";
import type { Log } from "../deployment/engine.ts";
import type { Clock } from "../deployment/ports.ts";
import type { Schema } from "./schema.ts";

const day = 24 * 60 * 60_000;

/**
 * How long rows stay that nobody needs any more, in milliseconds. What is not named here stays for ever: the deployments with
 * their evidence and approvals, and the audit trail.
 */
const kept = {
  /** Since it arrived: Teams delivers a message again within minutes. */
  delivery: 14 * day,
  /** Since the deployment ended: what was done is in the audit trail. */
  effect: 90 * day,
  /** Since the deployment ended: how to speak in a thread that nobody reads any more. */
  thread: 90 * day,
};

/** From the start to the first round, in milliseconds. */
const firstPause = 60_000;
/** So many rows go in one statement: nobody has to wait for it. */
const atOnce = 500;

export interface RetentionOptions {
  readonly db: Kysely<Schema>;
  /** Of the ledger, or one of a test. */
  readonly clock: Clock;
  /** Between two rounds, in milliseconds. */
  readonly interval?: number;
  readonly log: Log;
}

/** Removes what is old, hour by hour, until the signal. Several replicas may do so at the same time. */
export async function keepSmall(options: RetentionOptions, signal: AbortSignal): Promise<void> {
  const { db, clock, log, interval = 60 * 60_000 } = options;
  // A process that is started anew every day has to come to it too.
  for (let pause = Math.min(interval, firstPause); !signal.aborted; pause = interval) {
    await delay(pause, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    try {
      const removed = await removeOld(db, clock.now(), signal);
      if (removed > 0) log.info({ removed }, "old rows were removed");
    } catch (error) {
      log.warn({ err: error }, "old rows could not be removed; tries again later");
    }
  }
}

/** One round, in small statements. Returns how many rows it removed; `now` is ms since 1970. */
export async function removeOld(
  db: Kysely<Schema>,
  now: number,
  signal: AbortSignal,
): Promise<number> {
  // From what is still there to its deployment: the other way round every round would read the whole history.
  const ofEnded = (table: "effect" | "thread", before: number) =>
    sql`from ${sql.table(table)} as one cross join deployment
      where deployment.id = one.deployment_id and state <> 'active' and ended_at < ${before}`;
  const statements = [
    sql`delete from delivery where (conversation, id) in
      (select conversation, id from delivery where at < ${now - kept.delivery} limit ${atOnce})`,
    sql`delete from effect where (deployment_id, name) in
      (select deployment_id, name ${ofEnded("effect", now - kept.effect)} limit ${atOnce})`,
    sql`delete from thread where deployment_id in
      (select deployment_id ${ofEnded("thread", now - kept.thread)}
        and one.lease_until <= ${now} limit ${atOnce})`,
  ];
  let sum = 0;
  for (const statement of statements) {
    let removed: number;
    do {
      const { numAffectedRows = 0n } = await statement.execute(db);
      removed = Number(numAffectedRows);
      sum += removed;
    } while (removed === atOnce && !signal.aborted);
  }
  return sum;
}

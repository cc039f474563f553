import type { Kysely } from "kysely";
import { working } from "./rows.ts";
import type { Schema } from "./schema.ts";

const free = { lease_owner: null, lease_until: 0 };

/** No lease ends later than this from now, and no wait but the longest that a service, or Teams, asks for. Milliseconds. */
const farthest = { lease: 5 * 60_000, wait: 2 * 60 * 60_000, message: 5 * 60_000 };

/**
 * Frees every row and thread that a process held when it ended, instead of waiting for its leases. Only for a process that
 * knows that it is alone.
 */
export async function freeLeases(db: Kysely<Schema>): Promise<void> {
  await db.updateTable("deployment").set(free).where("lease_owner", "is not", null).execute();
  await db.updateTable("thread").set(free).where("lease_owner", "is not", null).execute();
}

/** Lets go of all that this owner holds, so that another replica goes on at once. What it still does is fenced from now on. */
export async function handOver(db: Kysely<Schema>, owner: string, now: number): Promise<void> {
  await db
    .updateTable("deployment")
    .set((eb) => ({ ...free, next_at: now, wakes: eb("wakes", "+", 1) }))
    .where("lease_owner", "=", owner)
    .execute();
  await db.updateTable("thread").set(free).where("lease_owner", "=", owner).execute();
}

/**
 * Makes everything due now that waits for nothing but time: after a start, since the watches of the process before are gone,
 * and after the clock went back, since what was due soon lies far ahead then. A service that asked for a pause gets it.
 */
export async function bringForward(db: Kysely<Schema>, now: number): Promise<void> {
  await db
    .updateTable("deployment")
    .set((eb) => ({ next_at: now, wakes: eb("wakes", "+", 1) }))
    .where("state", "in", working)
    // What is overdue stays so: it shows since when nobody looked.
    .where("next_at", ">", now)
    .where((eb) => eb.or([eb("trouble", "is", null), eb("next_at", ">", now + farthest.wait)]))
    .execute();
  await db
    .updateTable("deployment")
    .set(free)
    .where("lease_until", ">", now + farthest.lease)
    .execute();
  await db
    .updateTable("thread")
    .set(free)
    .where("lease_until", ">", now + farthest.lease)
    .execute();
  await db
    .updateTable("thread")
    .set({ next_at: now })
    .where("next_at", ">", now + farthest.message)
    .execute();
  // A doubt begins anew: by the clock it would last until the time that was before.
  await db
    .updateTable("effect")
    .set({ intent_at: now })
    .where("status", "=", "intent")
    .where("intent_at", ">", now)
    .execute();
}

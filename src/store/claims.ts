import { sql, type Kysely, type Transaction } from "kysely";
import type { Deployment } from "../deployment/deployment.ts";
import type { Claim, NewDeployment, Saved, Trouble, Update } from "../deployment/ledger.ts";
import { writeAudit } from "./audit.ts";
import { writeHold } from "./locks.ts";
import { readDeployment, withApprovals } from "./read.ts";
import { create } from "./requests.ts";
import { columnsOf, deploymentOf, working } from "./rows.ts";
import { all, type DeploymentRow, type Schema } from "./schema.ts";

/** One conditional UPDATE: of all who try, one gets the row. */
export async function claim(
  db: Kysely<Schema>,
  owner: string,
  now: number,
  leaseUntil: number,
): Promise<Claim | undefined> {
  const row = await db
    .updateTable("deployment")
    .set((eb) => ({ lease_owner: owner, lease_until: leaseUntil, version: eb("version", "+", 1) }))
    .where("id", "=", (eb) =>
      eb
        .selectFrom("deployment")
        .select("id")
        .where("state", "in", working)
        .where("next_at", "<=", now)
        .where("lease_until", "<=", now)
        .orderBy("next_at")
        .limit(1),
    )
    .where("state", "in", working)
    .where("lease_until", "<=", now)
    .returning(all.deployment)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return claimOf(row, await withApprovals(db, row), owner);
}

function claimOf(row: DeploymentRow, deployment: Deployment, owner: string): Claim {
  return {
    deployment,
    owner,
    version: row.version,
    dueAt: row.next_at,
    wakes: row.wakes,
    trouble: row.trouble === null ? undefined : (JSON.parse(row.trouble) as Trouble),
  };
}

export async function save(
  tx: Transaction<Schema>,
  held: Claim,
  update: Update,
  keepUntil?: number,
): Promise<Saved> {
  const columns = columnsOf(update.deployment);
  const keeps = keepUntil === undefined ? sql<boolean>`1 = 0` : sql<boolean>`wakes = ${held.wakes}`;
  const saved = await tx
    .updateTable("deployment")
    .set((eb) => ({
      ...columns,
      revision: eb("revision", "+", 1),
      // Whoever woke the row during the look knows something that the look did not see.
      next_at: sql<number>`case when wakes = ${held.wakes} then ${update.nextAt} else next_at end`,
      trouble: update.trouble === undefined ? null : JSON.stringify(update.trouble),
      lease_owner: sql<string | null>`case when ${keeps} then lease_owner end`,
      lease_until: sql<number>`case when ${keeps} then cast(${keepUntil ?? 0} as bigint) else 0 end`,
      // What still waits for its answer from this look is not of the next one.
      version: eb("version", "+", 1),
    }))
    .where("id", "=", held.deployment.id)
    .where("version", "=", held.version)
    .where("lease_owner", "=", held.owner)
    // A request must not expire over an approval that came in during the look.
    .$if(update.deployment.state === "expired", (query) => query.where("wakes", "=", held.wakes))
    .returning(all.deployment)
    .executeTakeFirst();
  if (saved === undefined) return { state: "lost" };
  await writeAudit(tx, update.audit);
  if (update.next !== undefined) await begin(tx, held.deployment, update.next);
  if (update.hold !== undefined) await writeHold(tx, update.hold);
  if (saved.lease_owner === null) return { state: "let-go" };
  // Whoever decides wakes the row, so that the approvals are still the same.
  const { approvals } = update.deployment;
  const deployment = { ...deploymentOf(saved, []), approvals };
  return { state: "kept", claim: claimOf(saved, deployment, held.owner) };
}

/** Begins a deployment in the thread of the one that has just ended, once. */
async function begin(
  tx: Transaction<Schema>,
  { id }: Deployment,
  next: NewDeployment,
): Promise<void> {
  const thread = await tx
    .selectFrom("thread")
    .select(["conversation", "reference"])
    .where("deployment_id", "=", id)
    .executeTakeFirstOrThrow();
  const created = await create(tx, next, { id: `after-${id}`, ...thread });
  if (created.state === "created") return;
  // Somebody has blocked that build, say: what to do is for people, and nobody may read that omnibot does it.
  const failed = await readDeployment(tx, id);
  const { failure } = failed ?? {};
  if (failed === undefined || failure?.wayBack === undefined) return;
  const { automatic: _, ...wayBack } = failure.wayBack;
  const columns = columnsOf({ ...failed, failure: { ...failure, wayBack } });
  await tx.updateTable("deployment").set(columns).where("id", "=", id).execute();
}

/** Keeps the row for longer; false when somebody else has it. */
export async function renew(db: Kysely<Schema>, held: Claim, leaseUntil: number): Promise<boolean> {
  const row = await db
    .updateTable("deployment")
    .set({ lease_until: leaseUntil })
    .where("id", "=", held.deployment.id)
    .where("version", "=", held.version)
    .where("lease_owner", "=", held.owner)
    .returning("id")
    .executeTakeFirst();
  return row !== undefined;
}

/** Somebody saw something change: the next look is due now, also when a look is under way. */
export async function wake(db: Kysely<Schema>, id: number, now: number): Promise<void> {
  await db
    .updateTable("deployment")
    .set((eb) => ({ wakes: eb("wakes", "+", 1), next_at: now }))
    .where("id", "=", id)
    .where("state", "in", working)
    .execute();
}

/**
 * Somebody outside says that something has changed. What is due sooner stays so; during a look it is `at` that counts, since
 * the time by which the row was claimed lies behind.
 */
export async function bringForward(
  db: Kysely<Schema>,
  id: number,
  now: number,
  at: number,
): Promise<void> {
  await db
    .updateTable("deployment")
    .set((eb) => ({
      wakes: eb("wakes", "+", 1),
      next_at: sql<number>`case when lease_until > ${now} or next_at > ${at} then ${at} else next_at end`,
    }))
    .where("id", "=", id)
    .where("state", "in", working)
    .execute();
}

/** When the next row is due, or the lease of the one that is worked on ends. */
export async function nextDue(db: Kysely<Schema>): Promise<number | undefined> {
  const row = await db
    .selectFrom("deployment")
    .select(
      sql<number | null>`min(case when next_at > lease_until then next_at else lease_until end)`.as(
        "due",
      ),
    )
    .where("state", "in", working)
    .executeTakeFirst();
  return row?.due ?? undefined;
}

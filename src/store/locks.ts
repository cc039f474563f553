import type { Kysely, Transaction } from "kysely";
import type { Person } from "../deployment/deployment.ts";
import type { Block, Lock, LockStore, Locked, MessageId } from "../deployment/locks.ts";
import { writeAudit } from "./audit.ts";
import { withLedgerErrors } from "./ledger-error.ts";
import type { Queries } from "./read.ts";
import { remember } from "./deliveries.ts";
import { all, type BlockRow, type LockRow, type Schema } from "./schema.ts";

/** Locks and blocks in the ledger; each change is in the audit before it holds. */
export function createLockStore(db: Kysely<Schema>): LockStore {
  function whole<Result>(work: (tx: Transaction<Schema>) => Promise<Result>): Promise<Result> {
    return db.transaction().execute(work);
  }
  return withLedgerErrors<LockStore>({
    lock: (lock, delivery) => whole((tx) => takeLock(tx, lock, delivery)),
    unlock: (environment, person, at, delivery) =>
      whole((tx) => releaseLock(tx, environment, person, at, delivery)),
    findLock: (environment, at) => readLock(db, environment, at),
    findBlock: (build) => readBlock(db, build),
    block: (block, delivery) => whole((tx) => writeBlock(tx, block, delivery)),
    unblock: (build, person, at, delivery) =>
      whole((tx) => removeBlock(tx, build, person, at, delivery)),
  });
}

async function takeLock(tx: Transaction<Schema>, lock: Lock, delivery: MessageId): Promise<Locked> {
  if (!(await remember(tx, delivery, lock.since))) return { state: "repeated" };
  const { environment, owner, reason, since, until } = lock;
  const held = await readLock(tx, environment, since);
  if (held !== undefined && !isOwn(held, owner)) return { state: "held", lock: held };
  await writeLock(tx, lock);
  const facts = { environment, reason, until };
  await writeAudit(tx, [
    { at: since, deploymentId: undefined, actor: owner, action: "locked", facts },
  ]);
  return { state: "locked", lock };
}

/** Its owner may change it; the hold of a rollback is released first, by whoever means it. */
function isOwn(lock: Lock, person: Person): boolean {
  return lock.rollback === undefined && lock.owner.id.toLowerCase() === person.id.toLowerCase();
}

async function writeLock(tx: Transaction<Schema>, lock: Lock): Promise<void> {
  const row: LockRow = {
    environment: lock.environment,
    owner_id: lock.owner.id,
    owner_name: lock.owner.name,
    reason: lock.reason,
    since: lock.since,
    until: lock.until ?? null,
    deployment_id: lock.rollback ?? null,
  };
  const { environment: _, ...rest } = row;
  await tx
    .insertInto("lock")
    .values(row)
    .onConflict((conflict) => conflict.column("environment").doUpdateSet(rest))
    .execute();
}

/** Leaves a rollback's hold behind, unless somebody keeps the environment already. */
export async function writeHold(tx: Transaction<Schema>, hold: Lock): Promise<void> {
  if ((await readLock(tx, hold.environment, hold.since)) !== undefined) return;
  await writeLock(tx, hold);
  const facts = { environment: hold.environment, reason: hold.reason };
  await writeAudit(tx, [
    { at: hold.since, deploymentId: hold.rollback, actor: "omnibot", action: "held", facts },
  ]);
}

async function releaseLock(
  tx: Transaction<Schema>,
  environment: string,
  person: Person,
  at: number,
  delivery: MessageId,
): Promise<Lock | "not-locked" | "repeated"> {
  if (!(await remember(tx, delivery, at))) return "repeated";
  const lock = await readLock(tx, environment, at);
  const removed = await tx
    .deleteFrom("lock")
    .where("environment", "=", environment)
    .returning("environment")
    .executeTakeFirst();
  if (lock === undefined || removed === undefined) return "not-locked";
  const facts = { environment, owner: lock.owner, reason: lock.reason };
  await writeAudit(tx, [
    { at, deploymentId: lock.rollback, actor: person, action: "unlocked", facts },
  ]);
  return lock;
}

/** The lock that holds at this moment; one whose time is over does not. */
export async function readLock(
  db: Queries,
  environment: string,
  at: number,
): Promise<Lock | undefined> {
  const row = await db
    .selectFrom("lock")
    .select(all.lock)
    .where("environment", "=", environment)
    .where((eb) => eb.or([eb("until", "is", null), eb("until", ">", at)]))
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    environment: row.environment,
    owner: { id: row.owner_id, name: row.owner_name },
    reason: row.reason,
    since: row.since,
    ...(row.until === null ? {} : { until: row.until }),
    ...(row.deployment_id === null ? {} : { rollback: row.deployment_id }),
  };
}

async function writeBlock(
  tx: Transaction<Schema>,
  block: Block,
  delivery: MessageId,
): Promise<Block | "repeated"> {
  if (!(await remember(tx, delivery, block.since))) return "repeated";
  const row: BlockRow = {
    build: block.build,
    person_id: block.by.id,
    person_name: block.by.name,
    reason: block.reason,
    since: block.since,
  };
  const written = await tx
    .insertInto("block")
    .values(row)
    .onConflict((conflict) => conflict.column("build").doNothing())
    .returning("build")
    .executeTakeFirst();
  // Who blocked it first says why.
  if (written === undefined) return (await readBlock(tx, block.build)) ?? block;
  const facts = { build: block.build, reason: block.reason };
  await writeAudit(tx, [
    { at: block.since, deploymentId: undefined, actor: block.by, action: "blocked", facts },
  ]);
  return block;
}

async function removeBlock(
  tx: Transaction<Schema>,
  build: number,
  person: Person,
  at: number,
  delivery: MessageId,
): Promise<Block | "not-blocked" | "repeated"> {
  if (!(await remember(tx, delivery, at))) return "repeated";
  const row = await tx
    .deleteFrom("block")
    .where("build", "=", build)
    .returning(all.block)
    .executeTakeFirst();
  if (row === undefined) return "not-blocked";
  const facts = { build, by: row.person_name, reason: row.reason };
  await writeAudit(tx, [
    { at, deploymentId: undefined, actor: person, action: "unblocked", facts },
  ]);
  return blockOf(row);
}

export async function readBlock(db: Queries, build: number): Promise<Block | undefined> {
  const row = await db
    .selectFrom("block")
    .select(all.block)
    .where("build", "=", build)
    .executeTakeFirst();
  return row === undefined ? undefined : blockOf(row);
}

function blockOf(row: BlockRow): Block {
  return {
    build: row.build,
    by: { id: row.person_id, name: row.person_name },
    reason: row.reason,
    since: row.since,
  };
}

import type { Selectable, Transaction } from "kysely";
import type { AuditEntry, Claim, Effect } from "../deployment/ledger.ts";
import { writeAudit } from "./audit.ts";
import { renew } from "./claims.ts";
import type { Queries } from "./read.ts";
import { all, type EffectTable, type Schema } from "./schema.ts";

export async function findEffect(
  db: Queries,
  id: number,
  name: string,
): Promise<Effect | undefined> {
  const row = await db
    .selectFrom("effect")
    .select(all.effect)
    .where("deployment_id", "=", id)
    .where("name", "=", name)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    name: row.name,
    status: row.status as Effect["status"],
    intentAt: row.intent_at,
    result: row.result === null ? undefined : (JSON.parse(row.result) as unknown),
  };
}

/** Saves that an effect is about to be done, and its audit entry; false when somebody else has the row. */
export async function intend(
  tx: Transaction<Schema>,
  held: Claim,
  name: string,
  at: number,
  leaseUntil: number,
  facts: AuditEntry["facts"],
): Promise<boolean> {
  if (!(await renew(tx, held, leaseUntil))) return false;
  // Whoever had the row before may have recorded meanwhile that it is done.
  const columns = { status: "intent", intent_at: at, result: null };
  if (!(await write(tx, held, name, columns, columns))) return false;
  await writeAudit(tx, [byOmnibot(held, `intent:${name}`, facts, at)]);
  return true;
}

/** Records an answer; the first final one stays. Not fenced: what was done is true whoever holds the row now. */
export async function settle(
  tx: Transaction<Schema>,
  held: Claim,
  name: string,
  status: Effect["status"],
  result: unknown,
  at: number,
): Promise<void> {
  const answer = { status, result: result === undefined ? null : JSON.stringify(result) };
  const written = await write(tx, held, name, { ...answer, intent_at: at }, answer);
  if (written && status === "done")
    await writeAudit(tx, [byOmnibot(held, `done:${name}`, { result }, at)]);
}

/** Takes back an intent that certainly had no effect. */
export async function forget(
  tx: Transaction<Schema>,
  held: Claim,
  name: string,
  at: number,
  why: string,
): Promise<void> {
  const gone = await tx
    .deleteFrom("effect")
    .where("deployment_id", "=", held.deployment.id)
    .where("name", "=", name)
    .where("status", "=", "intent")
    .executeTakeFirst();
  if (gone.numDeletedRows > 0n)
    await writeAudit(tx, [byOmnibot(held, `not-done:${name}`, { why }, at)]);
}

type Columns = Omit<Selectable<EffectTable>, "deployment_id" | "name">;

/** Inserts or changes it, unless it is done: the condition and the change are one statement, since settling is not fenced. */
async function write(
  tx: Transaction<Schema>,
  held: Claim,
  name: string,
  created: Columns,
  changed: Partial<Columns>,
): Promise<boolean> {
  const row = await tx
    .insertInto("effect")
    .values({ deployment_id: held.deployment.id, name, ...created })
    .onConflict((conflict) =>
      conflict
        .columns(["deployment_id", "name"])
        .doUpdateSet(changed)
        .where("effect.status", "!=", "done"),
    )
    .returning("name")
    .executeTakeFirst();
  return row !== undefined;
}

function byOmnibot(
  held: Claim,
  action: string,
  facts: AuditEntry["facts"],
  at: number,
): AuditEntry {
  return { at, deploymentId: held.deployment.id, actor: "omnibot", action, facts };
}

import type { Transaction } from "kysely";
import type { Approval, Deployment } from "../deployment/deployment.ts";
import { writeAudit } from "./audit.ts";
import { readDeployment, withApprovals } from "./read.ts";
import { columnsOf } from "./rows.ts";
import { all, type Schema } from "./schema.ts";

/** Takes a decision only while the request still waits for one: the condition and the change are one statement. */
export async function approve(
  tx: Transaction<Schema>,
  id: number,
  { person, at }: Approval,
  required: number,
): Promise<Deployment | undefined> {
  const open = await tx
    .updateTable("deployment")
    .set((eb) => ({ revision: eb("revision", "+", 1), wakes: eb("wakes", "+", 1), next_at: at }))
    .where("id", "=", id)
    .where("state", "=", "active")
    .where("step", "=", "approve")
    .where("cancellation", "is", null)
    .where("expires_at", ">", at)
    .returning("id")
    .executeTakeFirst();
  if (open === undefined) return undefined;
  // After the update, which lets nobody else decide about the row meanwhile: what is enough is counted, and no one more.
  const { given } = await tx
    .selectFrom("approval")
    .select((eb) => eb.fn.countAll<number | string>().as("given"))
    .where("deployment_id", "=", id)
    .executeTakeFirstOrThrow();
  if (Number(given) >= required) return undefined;
  const written = await tx
    .insertInto("approval")
    .values({ deployment_id: id, person_id: person.id, person_name: person.name, at })
    .onConflict((conflict) => conflict.columns(["deployment_id", "person_id"]).doNothing())
    .executeTakeFirst();
  if ((written.numInsertedOrUpdatedRows ?? 0n) === 0n) return undefined;
  const deployment = await readDeployment(tx, id);
  const { commit, tag } = deployment?.evidence.proposal ?? {};
  await writeAudit(tx, [
    { at, deploymentId: id, actor: person, action: "approved", facts: { commit: commit?.id, tag } },
  ]);
  return deployment;
}

export async function reject(
  tx: Transaction<Schema>,
  id: number,
  { person, at }: Approval,
  reason: string,
): Promise<Deployment | undefined> {
  const row = await tx
    .selectFrom("deployment")
    .select(all.deployment)
    .where("id", "=", id)
    .where("state", "=", "active")
    .where("step", "=", "approve")
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const before = await withApprovals(tx, row);
  const after: Deployment = {
    ...before,
    state: "rejected",
    endedAt: at,
    rejection: { person, at, reason },
  };
  const ended = await tx
    .updateTable("deployment")
    // The version moves, so that a look that is under way cannot bring the request back.
    .set((eb) => ({
      ...columnsOf(after),
      revision: eb("revision", "+", 1),
      version: eb("version", "+", 1),
    }))
    .where("id", "=", id)
    .where("state", "=", "active")
    .where("step", "=", "approve")
    .where("revision", "=", row.revision)
    .returning("revision")
    .executeTakeFirst();
  if (ended === undefined) return undefined;
  await writeAudit(tx, [
    { at, deploymentId: id, actor: person, action: "rejected", facts: { reason } },
  ]);
  return { ...after, revision: ended.revision };
}

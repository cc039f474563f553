import { sql, type Insertable, type Transaction } from "kysely";
import type { Evidence } from "../deployment/deployment.ts";
import type { Created, Delivery, NewDeployment, Place } from "../deployment/ledger.ts";
import { isAutomatic } from "../deployment/policy.ts";
import { keepsOut } from "../deployment/locks.ts";
import { writeAudit } from "./audit.ts";
import { forget, remember } from "./deliveries.ts";
import { readBlock, readLock } from "./locks.ts";
import { readActive, readDeployment, readHistory } from "./read.ts";
import { columnsOf, deploymentOf } from "./rows.ts";
import { all, type DeploymentTable, type Schema } from "./schema.ts";

type KeptOut = Extract<Created, { state: "locked" | "blocked" }>;

export async function create(
  tx: Transaction<Schema>,
  request: NewDeployment,
  delivery: Delivery,
): Promise<Created> {
  if (!(await remember(tx, delivery, request.requestedAt))) return recall(tx, request, delivery);
  const kept = await barrier(tx, request);
  if (kept !== undefined) {
    if (delivery.untilCreated === true) await forget(tx, delivery);
    await writeAudit(tx, [refusalOf(request, kept)]);
    return kept;
  }
  const row = await tx
    .insertInto("deployment")
    .values(newRow(request, {}))
    .onConflict((conflict) =>
      conflict.column("environment").where("state", "=", sql.lit("active")).doNothing(),
    )
    .returning(all.deployment)
    .executeTakeFirst();
  if (row === undefined) {
    const holder = await readActive(tx, request.environment);
    if (delivery.untilCreated === true) await forget(tx, delivery);
    if (holder === undefined)
      throw new Error(`${request.environment} is held by a deployment that cannot be read`);
    return { state: "busy", deployment: holder };
  }

  await addThread(tx, row.id, delivery, request.requestedAt);
  const facts = {
    kind: request.kind,
    environment: request.environment,
    target: request.target,
    key: request.key,
    ...(request.undoes === undefined ? {} : { undoes: request.undoes }),
    override: request.override?.reason,
  };
  if (request.undoes !== undefined) await markUndone(tx, request.undoes, row.id);
  await writeAudit(tx, [
    {
      at: request.requestedAt,
      deploymentId: row.id,
      actor: isAutomatic(request) ? "omnibot" : request.requester,
      action: "requested",
      facts,
    },
  ]);
  return { state: "created", deployment: deploymentOf(row, []) };
}

/** Tells a failed deployment that its way back was asked for, so that its card has no button for that any more. */
async function markUndone(tx: Transaction<Schema>, id: number, by: number): Promise<void> {
  // Somebody who looks at it in this moment may save in between: then the row is read again, as it is then.
  for (let tries = 0; tries < most; tries += 1) if (await mark(tx, id, by)) return;
  throw new Error(`#${id} changes all the time`);
}

/** So many who save in between are put up with. */
const most = 10;

/** false: the row was changed since it was read. */
async function mark(tx: Transaction<Schema>, id: number, by: number): Promise<boolean> {
  const failed = await readDeployment(tx, id);
  const { failure } = failed ?? {};
  if (failed === undefined || failure?.wayBack === undefined) return true;
  const wayBack = { ...failure.wayBack, asked: by };
  const marked = await tx
    .updateTable("deployment")
    .set((eb) => ({
      ...columnsOf({ ...failed, failure: { ...failure, wayBack } }),
      revision: eb("revision", "+", 1),
      // Whoever looks at it in this moment must not write over that.
      version: eb("version", "+", 1),
    }))
    .where("id", "=", id)
    .where("revision", "=", failed.revision)
    .returning("id")
    .executeTakeFirst();
  return marked !== undefined;
}

/** What keeps this request out. Whoever locks at the same moment comes before or after it as a whole. */
async function barrier(
  tx: Transaction<Schema>,
  request: NewDeployment,
): Promise<KeptOut | undefined> {
  if (request.override !== undefined) return undefined;
  // What omnibot does by itself goes back to what ran well: it is configured so, and it is no deployment over anybody's. A
  // build that somebody has blocked since is no such thing.
  const lock = isAutomatic(request)
    ? undefined
    : await readLock(tx, request.environment, request.requestedAt);
  if (lock !== undefined && keepsOut(lock, request)) return { state: "locked", lock };
  const { target } = request;
  const block = target.from === "build" ? await readBlock(tx, target.build) : undefined;
  return block === undefined ? undefined : { state: "blocked", block };
}

function refusalOf({ environment, kind, target, ...request }: NewDeployment, kept: KeptOut) {
  const by = kept.state === "locked" ? kept.lock.owner.name : kept.block.by.name;
  return {
    at: request.requestedAt,
    deploymentId: undefined,
    actor: request.requester,
    action: "refused:request",
    facts: { environment, kind, target, because: kept.state, by },
  };
}

/** What became of a message that came before: its deployment, or somebody else's was in its way. */
async function recall(
  tx: Transaction<Schema>,
  request: NewDeployment,
  { id, conversation }: Delivery,
): Promise<Created> {
  const own = await tx
    .selectFrom("delivery")
    .innerJoin("deployment", "deployment.requested_at", "delivery.at")
    .innerJoin("thread", "thread.deployment_id", "deployment.id")
    .select("deployment.id")
    .where("delivery.id", "=", id)
    .where("delivery.conversation", "=", conversation)
    .where("thread.conversation", "=", conversation)
    .executeTakeFirst();
  if (own !== undefined) {
    return { state: "repeated", deployment: await readDeployment(tx, own.id) };
  }
  const kept = await barrier(tx, request);
  if (kept !== undefined) return kept;
  const [newest] = await readHistory(tx, request.environment, 1);
  return newest === undefined
    ? { state: "repeated", deployment: undefined }
    : { state: "busy", deployment: newest };
}

/** The row of a deployment that nobody has looked at yet. */
export function newRow(request: NewDeployment, evidence: Evidence): Insertable<DeploymentTable> {
  return {
    key: request.key,
    kind: request.kind,
    environment: request.environment,
    target: JSON.stringify(request.target),
    requester_id: request.requester.id,
    requester_name: request.requester.name,
    requested_at: request.requestedAt,
    expires_at: request.expiresAt,
    ...columnsOf({ ...request, id: 0, state: "active", evidence, approvals: [], revision: 0 }),
    revision: 0,
    next_at: request.requestedAt,
    wakes: 0,
    trouble: null,
    version: 0,
    lease_owner: null,
    lease_until: 0,
  };
}

/** The thread in which a deployment is told; of a channel it is yet to be begun. */
export async function addThread(
  tx: Transaction<Schema>,
  deploymentId: number,
  { conversation, reference }: Place,
  at: number,
): Promise<void> {
  await tx
    .insertInto("thread")
    .values({
      deployment_id: deploymentId,
      conversation,
      reference,
      sent: null,
      shown_revision: -1,
      next_at: at,
      version: 0,
      lease_owner: null,
      lease_until: 0,
    })
    .execute();
}

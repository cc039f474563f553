import { sql, type Kysely, type Transaction } from "kysely";
import type { Deployment, Person } from "../deployment/deployment.ts";
import type { InterventionStore, Written } from "../deployment/interventions.ts";
import type { MessageId } from "../deployment/locks.ts";
import { resumes } from "../deployment/transitions.ts";
import { writeAudit } from "./audit.ts";
import { withLedgerErrors } from "./ledger-error.ts";
import { remember } from "./deliveries.ts";
import { columnsOf } from "./rows.ts";
import type { Schema } from "./schema.ts";

export function createInterventionStore(db: Kysely<Schema>): InterventionStore {
  function whole<Result>(work: (tx: Transaction<Schema>) => Promise<Result>): Promise<Result> {
    return db.transaction().execute(work);
  }
  return withLedgerErrors<InterventionStore>({
    cancel: (id, person, at, delivery) => whole((tx) => cancel(tx, id, person, at, delivery)),
    retry: (deployment, person, at, delivery) =>
      whole((tx) => retry(tx, deployment, person, at, delivery)),
  });
}

/** Wakes the row, so that a look under way is followed by one that knows. Whoever asked first is named. */
async function cancel(
  tx: Transaction<Schema>,
  id: number,
  person: Person,
  at: number,
  delivery: MessageId,
): Promise<Written> {
  if (!(await remember(tx, delivery, at))) return "repeated";
  const row = await tx
    .updateTable("deployment")
    .set((eb) => ({
      cancellation: sql<string>`coalesce(cancellation, ${JSON.stringify({ person, at })})`,
      revision: eb("revision", "+", 1),
      wakes: eb("wakes", "+", 1),
      next_at: at,
    }))
    .where("id", "=", id)
    .where("state", "=", "active")
    .returning("id")
    .executeTakeFirst();
  if (row === undefined) return "gone";
  await writeAudit(tx, [{ at, deploymentId: id, actor: person, action: "cancel", facts: {} }]);
  return "written";
}

/** The version moves, so that whoever still follows the failure cannot write over it. */
async function retry(
  tx: Transaction<Schema>,
  deployment: Deployment,
  person: Person,
  at: number,
  delivery: MessageId,
): Promise<Written> {
  if (!(await remember(tx, delivery, at))) return "repeated";
  const { id, environment, failure } = deployment;
  const other = await tx
    .selectFrom("deployment")
    .select("id")
    .where("environment", "=", environment)
    .where("state", "=", "active")
    .executeTakeFirst();
  if (other !== undefined) return "busy";
  const row = await tx
    .updateTable("deployment")
    .set((eb) => ({
      ...columnsOf(resumes(deployment, at)),
      revision: eb("revision", "+", 1),
      version: eb("version", "+", 1),
      trouble: null,
      next_at: at,
      lease_owner: null,
      lease_until: 0,
    }))
    .where("id", "=", id)
    // Failed, and perhaps followed still: as it was read, or not at all.
    .where("state", "!=", "active")
    .where("revision", "=", deployment.revision)
    .returning("id")
    .executeTakeFirst();
  if (row === undefined) return "gone";
  const facts = { step: failure?.step, code: failure?.code };
  await writeAudit(tx, [{ at, deploymentId: id, actor: person, action: "retry", facts }]);
  return "written";
}

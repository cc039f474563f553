import type { Kysely, Transaction } from "kysely";
import type { Deployment } from "../deployment/deployment.ts";
import { deploymentOf, working } from "./rows.ts";
import { all, type DeploymentRow, type Schema } from "./schema.ts";

/** A connection, inside a transaction or not. */
export type Queries = Kysely<Schema> | Transaction<Schema>;

export async function readDeployment(db: Queries, id: number): Promise<Deployment | undefined> {
  const row = await db
    .selectFrom("deployment")
    .select(all.deployment)
    .where("id", "=", id)
    .executeTakeFirst();
  return row === undefined ? undefined : withApprovals(db, row);
}

export async function readActive(
  db: Queries,
  environment: string,
): Promise<Deployment | undefined> {
  const row = await db
    .selectFrom("deployment")
    .select(all.deployment)
    .where("environment", "=", environment)
    .where("state", "=", "active")
    .executeTakeFirst();
  return row === undefined ? undefined : withApprovals(db, row);
}

export async function readHistory(
  db: Queries,
  environment: string,
  limit: number,
): Promise<readonly Deployment[]> {
  const rows = await db
    .selectFrom("deployment")
    .select(all.deployment)
    .where("environment", "=", environment)
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
  return withAllApprovals(db, rows);
}

export async function readSince(
  db: Queries,
  environment: string,
  since: number,
  limit: number,
): Promise<readonly Deployment[]> {
  const rows = await db
    .selectFrom("deployment")
    .select(all.deployment)
    .where("environment", "=", environment)
    .where((eb) => eb.or([eb("requested_at", ">=", since), eb("ended_at", ">=", since)]))
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
  return withAllApprovals(db, rows);
}

export async function readWorkedOn(db: Queries): Promise<readonly Deployment[]> {
  const rows = await db
    .selectFrom("deployment")
    .select(all.deployment)
    .where("state", "in", working)
    .orderBy("id")
    .execute();
  return withAllApprovals(db, rows);
}

export async function isThread(db: Queries, id: number, conversation: string): Promise<boolean> {
  const row = await db
    .selectFrom("thread")
    .select("deployment_id")
    .where("deployment_id", "=", id)
    .where("conversation", "=", conversation)
    .executeTakeFirst();
  return row !== undefined;
}

export async function withApprovals(db: Queries, row: DeploymentRow): Promise<Deployment> {
  const approvals = await db
    .selectFrom("approval")
    .select(all.approval)
    .where("deployment_id", "=", row.id)
    .orderBy("at")
    .execute();
  return deploymentOf(row, approvals);
}

/** As withApprovals, in one query. */
export async function withAllApprovals(
  db: Queries,
  rows: readonly DeploymentRow[],
): Promise<readonly Deployment[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const approvals = await db
    .selectFrom("approval")
    .select(all.approval)
    .where("deployment_id", ">=", Math.min(...ids))
    .where("deployment_id", "<=", Math.max(...ids))
    .orderBy("at")
    .execute();
  const byDeployment = Map.groupBy(approvals, (one) => one.deployment_id);
  return rows.map((row) => deploymentOf(row, byDeployment.get(row.id) ?? []));
}

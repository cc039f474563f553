import type { Kysely, Transaction } from "kysely";
import type { Deployment } from "../deployment/deployment.ts";
import { deploymentOf, working } from "./rows.ts";
import type { DeploymentRow, Schema } from "./schema.ts";

/** A connection, inside a transaction or not. */
export type Queries = Kysely<Schema> | Transaction<Schema>;

export async function readDeployment(db: Queries, id: number): Promise<Deployment | undefined> {
  const row = await db.selectFrom("deployment").selectAll().where("id", "=", id).executeTakeFirst();
  return row === undefined ? undefined : withApprovals(db, row);
}

export async function readActive(
  db: Queries,
  environment: string,
): Promise<Deployment | undefined> {
  const row = await db
    .selectFrom("deployment")
    .selectAll()
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
    .selectAll()
    .where("environment", "=", environment)
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
  return Promise.all(rows.map((row) => withApprovals(db, row)));
}

export async function readWorkedOn(db: Queries): Promise<readonly Deployment[]> {
  const rows = await db
    .selectFrom("deployment")
    .selectAll()
    .where("state", "in", working)
    .orderBy("id")
    .execute();
  return Promise.all(rows.map((row) => withApprovals(db, row)));
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
    .selectAll()
    .where("deployment_id", "=", row.id)
    .orderBy("at")
    .execute();
  return deploymentOf(row, approvals);
}

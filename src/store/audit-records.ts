import type { Kysely } from "kysely";
import type { Approval, Deployment } from "../deployment/deployment.ts";
import { withAllApprovals } from "./read.ts";
import { all, type Schema } from "./schema.ts";

/** One entry of the audit trail, with the deployment that it is about as it stands now. Times are ms since 1970. */
export interface AuditRecord {
  readonly id: number;
  readonly at: number;
  readonly action: string;
  readonly actor: Approval["person"];
  readonly facts: unknown;
  readonly deployment: Deployment | undefined;
}

/** From `from` on, and before `to`. */
export interface AuditRange {
  readonly from: number;
  readonly to: number;
  readonly environment?: string | undefined;
}

/** So many entries are in memory at a time. */
const page = 500;

/** Reads the trail in the order in which it was written, page by page. */
export async function* readAuditRecords(
  db: Kysely<Schema>,
  { from, to, environment }: AuditRange,
): AsyncGenerator<AuditRecord> {
  for (let last = 0; ;) {
    const rows = await db
      .selectFrom("audit")
      .leftJoin("deployment", "deployment.id", "audit.deployment_id")
      .select([
        "audit.id",
        "audit.at",
        "audit.deployment_id",
        "audit.actor_id",
        "audit.actor_name",
        "audit.action",
        "audit.facts",
      ])
      .where("audit.id", ">", last)
      .where("audit.at", ">=", from)
      .where("audit.at", "<", to)
      .$if(environment !== undefined, (query) =>
        query.where("deployment.environment", "=", environment ?? ""),
      )
      .orderBy("audit.id")
      .limit(page)
      .execute();
    const known = await readDeployments(
      db,
      rows.flatMap((row) => row.deployment_id ?? []),
    );
    for (const row of rows) {
      yield {
        id: row.id,
        at: row.at,
        action: row.action,
        actor: { id: row.actor_id, name: row.actor_name },
        facts: JSON.parse(row.facts),
        deployment: row.deployment_id === null ? undefined : known.get(row.deployment_id),
      };
      last = row.id;
    }
    if (rows.length < page) return;
  }
}

async function readDeployments(
  db: Kysely<Schema>,
  ids: readonly number[],
): Promise<ReadonlyMap<number, Deployment>> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Map();
  const rows = await db
    .selectFrom("deployment")
    .select(all.deployment)
    .where("id", "in", wanted)
    .execute();
  return new Map((await withAllApprovals(db, rows)).map((one) => [one.id, one]));
}

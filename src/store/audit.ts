import type { AuditEntry } from "../deployment/ledger.ts";
import type { Queries } from "./read.ts";

/** Adds to the trail, in the transaction of what it tells about. */
export async function writeAudit(db: Queries, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length > 0) await db.insertInto("audit").values(entries.map(auditRow)).execute();
}

function auditRow(entry: AuditEntry) {
  const actor = entry.actor === "omnibot" ? { id: "omnibot", name: "omnibot" } : entry.actor;
  return {
    at: entry.at,
    deployment_id: entry.deploymentId ?? null,
    actor_id: actor.id,
    actor_name: actor.name,
    action: entry.action,
    facts: JSON.stringify(entry.facts),
  };
}

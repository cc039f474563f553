import type { AuditRecord } from "./store/audit-records.ts";

export type AuditFormat = "jsonl" | "csv";

/** The columns of the CSV, in their order. */
const columns: readonly (readonly [name: string, value: (record: AuditRecord) => unknown])[] = [
  ["id", ({ id }) => id],
  ["at", ({ at }) => new Date(at).toISOString()],
  ["action", ({ action }) => action],
  ["actor_id", ({ actor }) => actor.id],
  ["actor_name", ({ actor }) => actor.name],
  ["deployment", ({ deployment }) => deployment?.id],
  ["key", ({ deployment }) => deployment?.key],
  ["environment", ({ deployment }) => deployment?.environment],
  ["kind", ({ deployment }) => deployment?.kind],
  ["state", ({ deployment }) => deployment?.state],
  ["requester_id", ({ deployment }) => deployment?.requester.id],
  ["requester_name", ({ deployment }) => deployment?.requester.name],
  [
    "approver_ids",
    ({ deployment }) => deployment?.approvals.map(({ person }) => person.id).join("; "),
  ],
  [
    "approver_names",
    ({ deployment }) => deployment?.approvals.map(({ person }) => person.name).join("; "),
  ],
  ["commit", ({ deployment }) => deployment?.evidence.proposal?.commit?.id],
  ["run", ({ deployment }) => deployment?.evidence.run?.id],
  ["tag", ({ deployment }) => deployment?.evidence.image?.tag],
  ["digest", ({ deployment }) => deployment?.evidence.image?.digest],
  ["pull_request", ({ deployment }) => deployment?.evidence.change?.url],
  ["merge_commit", ({ deployment }) => deployment?.evidence.merge?.commit],
  ["facts", ({ facts }) => JSON.stringify(facts)],
];

/** Each record as a line, the header of a CSV first. */
export async function* auditLines(
  records: AsyncIterable<AuditRecord>,
  format: AuditFormat,
): AsyncGenerator<string> {
  if (format === "csv") yield csvLine(columns.map(([name]) => name));
  for await (const record of records)
    yield format === "csv"
      ? csvLine(columns.map(([, value]) => value(record)))
      : `${JSON.stringify(jsonOf(record))}\n`;
}

function jsonOf({ deployment, ...record }: AuditRecord): object {
  const at = new Date(record.at).toISOString();
  if (deployment === undefined) return { ...record, at };
  const { id, key, environment, kind, state, requester, approvals, evidence } = deployment;
  const approved = approvals.map((one) => ({ ...one.person, at: new Date(one.at).toISOString() }));
  const about = { id, key, environment, kind, state, requester, approvals: approved, evidence };
  return { ...record, at, deployment: about };
}

/** RFC 4180. A cell that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, "CSV Injection"). */
function csvLine(cells: readonly unknown[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`;
}

function csvCell(value: unknown): string {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const harmless = typeof value === "string" && /^\s*[=+\-@\t\r|]/.test(text) ? `'${text}` : text;
  return /[",\r\n]|^\s|\s$/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

import SQLite from "better-sqlite3";
import { z } from "zod";

/** One line of the audit trail. */
export interface AuditLine {
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

const rows = z.array(
  z.object({
    at: z.number(),
    actor: z.string(),
    action: z.string(),
    facts: z
      .string()
      .transform((text) => z.record(z.string(), z.unknown()).parse(JSON.parse(text))),
  }),
);

/** Reads the audit trail from the ledger itself, without writing to it. */
export function readAudit(file: string): readonly AuditLine[] {
  const ledger = new SQLite(file, { readonly: true, timeout: 5000 });
  try {
    const query = "select at, actor_name as actor, action, facts from audit order by id";
    return rows.parse(ledger.prepare(query).all());
  } finally {
    ledger.close();
  }
}

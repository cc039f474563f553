/** `npm run audit`: the audit trail as JSON lines or CSV. It only reads, also beside a running omnibot. */
import { createWriteStream, existsSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { ConfigError } from "./config/load-config.ts";
import { loadSettings } from "./config/load-settings.ts";
import { auditLines, type AuditFormat } from "./audit-lines.ts";
import { readAuditRecords, type AuditRange } from "./store/audit-records.ts";
import { openDatabase } from "./store/database.ts";
import { ledgerOf } from "./worlds.ts";

const usage = `npm run --silent audit -- [options]
  --from <time>         from this moment on: 2026-11-01, or 2026-11-01T12:00:00Z (default: the beginning)
  --to <time>           before this moment (default: now)
  --environment <name>  of one environment only
  --format <f>          jsonl (default) or csv
  --output <file>       instead of standard output
`;

const moment = z.iso
  .datetime({ offset: true })
  .or(z.iso.date())
  .transform((text) => Date.parse(text));
const given = z.object({
  from: moment.default(0),
  to: moment.default(Number.MAX_SAFE_INTEGER),
  environment: z.string().optional(),
  format: z.enum(["jsonl", "csv"]).default("jsonl"),
  output: z.string().optional(),
});

try {
  await run();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}

async function run(): Promise<void> {
  const options = readOptions();
  if (options === undefined) {
    process.stderr.write(usage);
    process.exitCode = 2;
    return;
  }
  const location = ledgerOf(loadSettings(process.env));
  if ("file" in location && !existsSync(location.file))
    throw new Error(`There is no ledger at ${location.file}.`);
  const { db } = openDatabase(location);
  try {
    const lines = Readable.from(auditLines(readAuditRecords(db, options), options.format));
    const { output } = options;
    await (output === undefined
      ? pipeline(lines, process.stdout, { end: false })
      : pipeline(lines, createWriteStream(output, { mode: 0o600 })));
  } finally {
    await db.destroy();
  }
}

type Options = AuditRange & { readonly format: AuditFormat; readonly output?: string | undefined };

function readOptions(): Options | undefined {
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      options: { from: text, to: text, environment: text, format: text, output: text },
    });
    return given.safeParse(values).data;
  } catch {
    return undefined;
  }
}

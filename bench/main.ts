/**
 * omnibot measured beside what people would use instead, pairs in one run: `npm run bench`. See docs/performance.md.
 *
 *   npm run bench -- first-answer start    only these parts
 *   --short                                shows in less than a minute that every part works; its figures mean nothing
 *   --json <file>                          where the figures go (bench/latest.json)
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { installPeers } from "./install.ts";
import type { Measured, Part } from "./part.ts";
import { parts } from "./parts.ts";
import { judged, written } from "./table.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: "boolean", default: false },
    json: { type: "string", default: join(import.meta.dirname, "latest.json") },
  },
});

const unknown = positionals.filter((name) => !parts.some((part) => part.name === name));
if (unknown.length > 0) {
  const known = parts.map(({ name }) => name).join(", ");
  process.stderr.write(`There is no part ${unknown.join(", ")}; the parts are ${known}.\n`);
  process.exit(2);
}

const chosen = parts.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
if (chosen.some(({ name }) => name === "steps")) installPeers();

const begun = new Date();
const load = { before: loadavg()[0] ?? 0 };
const measured: Record<string, Measured & { readonly seconds: number }> = {};
const failed: string[] = [];
for (const part of chosen) {
  try {
    measured[part.name] = await measure(part);
  } catch (error) {
    failed.push(part.name);
    process.stdout.write(
      `!! ${part.name}: ${error instanceof Error ? error.stack : String(error)}\n`,
    );
  }
}

const report = {
  at: begun.toISOString(),
  short: values.short,
  machine: {
    processors: cpus().length,
    model: cpus()[0]?.model,
    memory: totalmem(),
    node: process.version,
    load: { ...load, after: loadavg()[0] ?? 0 },
  },
  parts: measured,
};
writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
process.stdout.write(`\nThe figures are in ${values.json}.\n`);
process.stdout.write(`${Object.keys(measured).length} passed, ${failed.length} failed\n`);
process.exit(failed.length === 0 ? 0 : 1);

async function measure(part: Part): Promise<Measured & { readonly seconds: number }> {
  process.stdout.write(`\n== ${part.name}: ${part.title}\n`);
  const folder = mkdtempSync(join(tmpdir(), `omnibot-bench-${part.name}-`));
  const start = performance.now();
  try {
    const note = (words: string) => void process.stdout.write(`   ${words}\n`);
    const found = await part.measure({ short: values.short, folder, note });
    check(found);
    const seconds = Math.round((performance.now() - start) / 1000);
    for (const table of found.tables) process.stdout.write(`\n${written(table)}\n`);
    process.stdout.write("\n");
    if (!values.short) for (const goal of found.goals) process.stdout.write(`${judged(goal)}\n`);
    return { ...found, seconds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A part that measured nothing would look as if all were well. */
function check({ figures, tables, goals }: Measured): void {
  const bad = Object.entries(figures).filter(([, value]) => !Number.isFinite(value));
  if (bad.length > 0) throw new Error(`no figure for ${bad.map(([name]) => name).join(", ")}`);
  if (Object.keys(figures).length === 0) throw new Error("it has no figures");
  if (tables.some(({ rows }) => rows.length === 0)) throw new Error("a table is empty");
  const unjudged = goals.filter(({ found }) => !Number.isFinite(found));
  if (unjudged.length > 0) throw new Error(`nothing was found for ${unjudged[0]?.what}`);
}

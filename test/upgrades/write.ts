/**
 * Keeps ledgers of a released version as data: one for each phase of a deployment, left there without a word.
 * `npm run ledgers` after a release that has changed the schema; `-- --source <folder>` for another version's sources.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import SQLite from "better-sqlite3";
import { startStory, type Story } from "../acceptance/harness.ts";
import { readLedger } from "../crash/witness.ts";
import { copyLedger } from "./copy.ts";
import { watchFacts } from "./facts.ts";
import { phases } from "./phases.ts";

const { values } = parseArgs({
  options: { source: { type: "string" }, only: { type: "string", multiple: true } },
});

for (const phase of phases) {
  if (values.only !== undefined && !values.only.includes(phase.name)) continue;
  const story = await startStory({ ...phase.options, source: values.source });
  try {
    const facts = watchFacts(story);
    await phase.reach(story);
    while (!(await isAtRest(story))) await delay(50);
    await story.kill();
    const left = Date.now();
    const [deployment] = await readLedger({ file: story.ledger }).deployments(story.thread());
    if (deployment === undefined) throw new Error("there is no deployment");
    const { schema, rows } = copyLedger(story.ledger, facts(deployment.key));
    const name = newestMigration(story.ledger);
    const folder = join(import.meta.dirname, "ledgers", name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "schema.sql"), schema);
    const header = `-- Schema ${name}: ${phase.words}.\n-- Left at ${left}, in milliseconds since 1970.\n`;
    writeFileSync(join(folder, `${phase.name}.sql`), header + rows);
    process.stdout.write(`${name}/${phase.name}\n`);
  } finally {
    await story.stop();
  }
}

/** Whether everything that the thread shows is written down. */
async function isAtRest(story: Story): Promise<boolean> {
  const witness = readLedger({ file: story.ledger });
  const [line] = await witness.deployments(story.thread());
  await witness.close();
  if (line === undefined) throw new Error("there is no deployment");
  const { card, replies } = line.sent;
  return card?.state === "sent" && !Object.values(replies).includes("intent");
}

function newestMigration(file: string): string {
  const ledger = new SQLite(file, { readonly: true });
  const name = ledger.prepare("select max(name) from kysely_migration").pluck().get();
  ledger.close();
  return String(name);
}

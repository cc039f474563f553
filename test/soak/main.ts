/**
 * The soak: `npm run test:soak`. One process of omnibot deploys and rolls back without a pause, in three environments side by
 * side, at high speed. What it holds must stay flat, old rows must go, and the audit trail must stay. See docs/reliability.md.
 *
 *   --full              eight minutes instead of seventy seconds
 *   --seconds <number>  another time
 *   --seed <number>     of what people do
 *   --report <file>     samples, counts and findings as JSON
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import SQLite from "better-sqlite3";
import { startBotConnector } from "../../sandbox/bot-connector/bot-connector.ts";
import { usualEnvironment } from "../../sandbox/child.ts";
import { freePort } from "../../sandbox/free-port.ts";
import { startWorld } from "../../sandbox/world.ts";
import type { Finding } from "../crash/findings.ts";
import { createRandom } from "../crash/random.ts";
import { readLedger } from "../crash/witness.ts";
import { judge } from "../replicas/judge.ts";
import { deployOnce, habitsOf, type Place } from "../replicas/people.ts";
import { compare, holding, type Holding } from "./holding.ts";

const { values } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    seconds: { type: "string" },
    seed: { type: "string", default: "1" },
    report: { type: "string" },
  },
});
const seed = Number(values.seed);
const duration = 1000 * Number(values.seconds ?? (values.full ? 480 : 70));
const environments = ["production", "staging", "testing"];
/** Of omnibot's time; the world's is faster still. */
const speed = 20;
const worldSpeed = 60;
const betweenSamples = values.full ? 5000 : 1000;

const folder = mkdtempSync(join(tmpdir(), "omnibot-soak-"));
const world = await startWorld({
  folder: join(folder, "world"),
  speed: worldSpeed,
  helmPatience: 12,
  environments,
});
const port = await freePort();
const teams = await startBotConnector({ botUrl: `http://127.0.0.1:${port}/api/messages` });
const file = join(world.environment["OMNIBOT_DATA"] ?? "", "omnibot.sqlite");
const log = openSync(join(folder, "omnibot.log"), "a");
const omnibot = spawn(process.execPath, ["--no-warnings", "test/soak/omnibot.ts"], {
  env: {
    ...usualEnvironment(),
    ...world.environment,
    PORT: String(port),
    LOG_LEVEL: "warn",
    SOAK_SPEED: String(speed),
  },
  stdio: ["ignore", log, log, "ipc"],
});
closeSync(log);
process.once("exit", () => omnibot.kill("SIGKILL"));
const ended = once(omnibot, "exit");
await Promise.race([once(omnibot, "message", { signal: AbortSignal.timeout(60_000) }), ended]);

const place: Place = { world, teams, witness: readLedger({ file }) };
const findings: Finding[] = [];
const samples: Holding[] = [];
let deployments = 0;
const begun = performance.now();
const end = begun + duration;
await Promise.all([
  sampleOn(),
  ...environments.map(async (environment, i) => {
    const random = createRandom(seed * 1000 + i);
    while (performance.now() < end && omnibot.exitCode === null) {
      // What comes again would be news: the deliveries of a moment ago are old here.
      const habits = { ...habitsOf(random), echo: false };
      const told = await deployOnce(place, environment, habits);
      findings.push(...(await judge(place, told)).findings);
      deployments += 1;
    }
  }),
]);
const took = performance.now() - begun;
await place.witness.close();

const before = performance.now();
omnibot.kill("SIGTERM");
const late = setTimeout(() => omnibot.kill("SIGKILL"), 15_000);
const [code] = (await ended) as [number | null];
clearTimeout(late);
const endTook = performance.now() - before;
const rows = countRows();
await teams.close();
await world.close();

const lines = compare(samples);
const checks: readonly (readonly [string, boolean])[] = [
  [`${samples.length} samples are enough`, samples.length >= 20],
  [
    `${deployments} deployments, enough, and nothing double, lost or wrong`,
    findings.length === 0 && deployments >= environments.length,
  ],
  ...lines.map(({ what, flat }) => [`${what} is flat`, flat] as const),
  [`every deployment is kept: ${rows.deployment}`, rows.deployment >= deployments],
  [
    `the audit trail is kept: ${rows.audit}`,
    rows.audit >= 2 * rows.deployment && rows.audited === rows.deployment,
  ],
  [
    `old deliveries, effects and threads are gone: ${rows.delivery}, ${rows.effect}, ${rows.thread} are left`,
    rows.old === 0,
  ],
  [
    `it ended by itself in ${Math.round(endTook)} ms, with code ${code}`,
    code === 0 && endTook < 15_000,
  ],
];
const failed = checks.filter(([, good]) => !good);

process.stdout.write(`\n${tableOf(lines)}\n\n`);
process.stdout.write(
  `${deployments} deployments in ${Math.round(took / 1000)} s, ${environments.length} side by side.\n`,
);
for (const [what, good] of checks) process.stdout.write(`${good ? "ok" : "!!"} ${what}\n`);
for (const { type, what } of findings) process.stdout.write(`!! ${type}: ${what}\n`);
if (values.report !== undefined) {
  const report = { seed, full: values.full, deployments, took, lines, rows, findings, samples };
  writeFileSync(values.report, `${JSON.stringify(report, null, 2)}\n`);
}
if (failed.length === 0) rmSync(folder, { recursive: true, force: true });
else process.stdout.write(`The log is in ${folder}; the seed is ${seed}.\n`);
process.stdout.write(`${checks.length - failed.length} passed, ${failed.length} failed\n`);
process.exit(failed.length === 0 ? 0 : 1);

async function sampleOn(): Promise<void> {
  while (performance.now() < end && omnibot.exitCode === null) {
    const answer = once(omnibot, "message", { signal: AbortSignal.timeout(20_000) });
    omnibot.send("measure");
    samples.push(holding.parse((await answer)[0]));
    await delay(betweenSamples);
  }
}

function countRows() {
  const ledger = new SQLite(file, { readonly: true });
  const count = (what: string) => Number(ledger.prepare(`select count(${what}`).pluck().get());
  const counts = {
    deployment: count("*) from deployment"),
    audit: count("*) from audit"),
    audited: count("distinct deployment_id) from audit where action = 'requested'"),
    delivery: count("*) from delivery"),
    effect: count("*) from effect"),
    thread: count("*) from thread"),
    // They go five minutes of omnibot's time after the end; the last of them may be waiting for the next round.
    old: count(`*) from thread join deployment on id = deployment_id
      where ended_at < (select max(ended_at) from deployment) - ${7 * 60_000}`),
  };
  ledger.close();
  return counts;
}

function tableOf(table: ReturnType<typeof compare>): string {
  const titles = ["held after a collection", "early", "late", "at most"];
  const cells = table.map(({ what, early, late: now, most }) => [what, early, now, most]);
  const width = (i: number) => Math.max(...[titles, ...cells].map((row) => String(row[i]).length));
  const line = (row: readonly unknown[]) =>
    row.map((cell, i) => String(cell).padEnd(width(i))).join("  ");
  return [line(titles), ...cells.map(line)].join("\n");
}

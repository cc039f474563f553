/**
 * The replica suite: `npm run test:replicas`. Three processes of omnibot on one PostgreSQL, their clocks ten minutes apart,
 * work for three environments, while they are killed, ended, frozen for longer than a lease, and cut off from the database;
 * messages and clicks reach any of them. Whoever they talked to is the judge. See docs/reliability.md.
 *
 *   --full              six minutes of trouble instead of a bit more than one
 *   --seed <number>     of what people and fate do
 *   --report <file>     the table and every finding as JSON
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startBotConnector } from "../../sandbox/bot-connector/bot-connector.ts";
import { startWorld } from "../../sandbox/world.ts";
import type { Finding } from "../crash/findings.ts";
import { newLedger } from "../crash/place.ts";
import { createRandom } from "../crash/random.ts";
import { readLedger } from "../crash/witness.ts";
import { fencesOf } from "./fences.ts";
import { startFleet } from "./fleet.ts";
import { askAndVanish } from "./hearing.ts";
import { judge } from "./judge.ts";
import { deployOnce, habitsOf, type Place, type Told } from "./people.ts";
import { makeTrouble } from "./troubles.ts";

const { values } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    report: { type: "string" },
  },
});
const seed = Number(values.seed);
const duration = values.full ? 6 * 60_000 : 75_000;
const environments = ["production", "staging", "testing"];
/** The platform gives a process so long to end, in milliseconds. */
const longestEnd = 10_000;
/** So long a process that stood still may go on with what it was about to send, in milliseconds. */
const wakingUp = 2000;

interface Line {
  readonly suite: string;
  readonly told: Told;
  readonly findings: readonly Finding[];
  /** Edits that came too late, of a process that had stood still. */
  readonly late: number;
  readonly outOfOrder: number;
  readonly secondCards: number;
}

const started = performance.now();
const folder = mkdtempSync(join(tmpdir(), "omnibot-replicas-"));
const events: string[] = [];
const tell = (what: string) => {
  events.push(`${((performance.now() - started) / 1000).toFixed(1)} s  ${what}`);
};
const random = createRandom(seed);
const ledger = await newLedger("postgres", "", "replicas");
if (!("url" in ledger.location)) throw new Error("the replicas need PostgreSQL");
const database = ledger.location.url;
const world = await startWorld({
  folder: join(folder, "world"),
  speed: 60,
  helmPatience: 12,
  environments,
});
const fleet = await startFleet({ database, environment: world.environment, folder });
const teams = await startBotConnector({
  botUrl: () => random.pick(fleet.replicas.filter(({ up }) => up))?.url ?? "http://127.0.0.1:9/",
});
const place: Place = { world, teams, witness: readLedger({ url: database }) };
const lines: Line[] = [];
tell("three replicas have started at once on an empty ledger");

for (const { name, play } of fencesOf(place, fleet)) {
  tell(`one ${name}`);
  const { told, missed } = await play();
  await note("fences", told, missed === undefined ? [] : [{ type: "wrong", what: missed }]);
}

tell("somebody asks, and vanishes");
for (let round = 0; round < 4; round += 1)
  for (const environment of environments)
    await note("hearsay", await askAndVanish(place, database, environment));

const stop = new AbortController();
const trouble = makeTrouble(fleet, environments, random, stop.signal, tell);
const end = performance.now() + duration;
await Promise.all(
  environments.map(async (environment, i) => {
    const own = createRandom(seed * 1000 + i);
    while (performance.now() < end) {
      await note("side by side", await deployOnce(place, environment, habitsOf(own)));
      await delay(own.below(500));
    }
  }),
);
stop.abort();
const { counts, ends } = await trouble;
await place.witness.close();
await fleet.close();
await teams.close();
await world.close();
await ledger.remove();

const falls = fleet.replicas.reduce((sum, replica) => sum + replica.falls, 0);
const slowEnds = ends.filter((took) => took > longestEnd).length;
const rows = ["fences", "hearsay", "side by side"].map(rowOf);
const troubles = [...counts].map(([name, times]) => ({ trouble: name, times }));
const failed = lines.filter(({ findings }) => findings.length > 0).length + slowEnds + falls;
process.stdout.write(`\n${tableOf(rows)}\n\n${tableOf(troubles)}\n\n`);
process.stdout.write(
  `Slowest end ${Math.round(Math.max(0, ...ends))} ms. Fell by itself: ${falls}.\n`,
);
for (const { told, findings } of lines)
  for (const { type, what } of findings)
    process.stdout.write(`!! ${type}: ${what} (${told.thread})\n`);
if (values.report !== undefined) {
  const report = { seed, full: values.full, rows, troubles, ends, lines, events };
  writeFileSync(values.report, `${JSON.stringify(report, null, 2)}\n`);
}
if (failed === 0) rmSync(folder, { recursive: true, force: true });
else
  process.stdout.write(`The logs are in ${folder}; the seed is ${seed}.\n${events.join("\n")}\n`);
process.stdout.write(`${lines.length + ends.length + falls - failed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);

async function note(suite: string, told: Told, more: readonly Finding[] = []): Promise<void> {
  const verdict = await judge(place, told);
  const findings = [...more, ...verdict.findings];
  // Only an edit that was on its way when its process stood still may arrive late; a fence lets it go before it wakes that.
  const late = verdict.outOfOrder.filter((at) => suite === "fences" || wasAsleep(at)).length;
  const outOfOrder = verdict.outOfOrder.length - late;
  if (outOfOrder > 0) findings.push({ type: "wrong", what: `${outOfOrder} edits out of order` });
  lines.push({ suite, told, late, outOfOrder, secondCards: verdict.secondCards, findings });
  tell(`${told.kind} of ${told.environment} ended${findings.length > 0 ? ", with findings" : ""}`);
}

/** Whether some process was only just awake again. */
function wasAsleep(at: number): boolean {
  return fleet.thaws.some((thaw) => at >= thaw && at - thaw <= wakingUp);
}

function rowOf(suite: string) {
  const own = lines.filter((line) => line.suite === suite);
  const count = (type: Finding["type"]) =>
    own.flatMap(({ findings }) => findings).filter((one) => one.type === type).length;
  const reactions = own.flatMap(({ told }) => told.reaction ?? []).toSorted((a, b) => a - b);
  return {
    suite,
    deployments: own.length,
    deliveries: own.reduce((sum, { told }) => sum + told.deliveries, 0),
    doubles: count("double"),
    lost: count("lost"),
    wrong: count("wrong"),
    "out of order": own.reduce((sum, line) => sum + line.outOfOrder, 0),
    "late, mended": own.reduce((sum, line) => sum + line.late, 0),
    "2nd cards": own.reduce((sum, line) => sum + line.secondCards, 0),
    "reaction (ms, median)": Math.round(reactions[Math.floor(reactions.length / 2)] ?? 0),
  };
}

function tableOf(table: readonly object[]): string {
  const cellsOf = table.map((row) =>
    Object.entries(row).map(([title, cell]) => [title, String(cell)]),
  );
  const titles = cellsOf[0]?.map(([title = ""]) => title) ?? [];
  const grid = [titles, ...cellsOf.map((row) => row.map(([, cell = ""]) => cell))];
  const widths = titles.map((_, i) => Math.max(...grid.map((cells) => cells[i]?.length ?? 0)));
  return grid
    .map((cells) =>
      cells
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

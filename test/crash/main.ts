/**
 * The crash suite: `npm run test:crash`. omnibot runs as a process of its own against the stand-ins, and is killed with
 * SIGKILL at every point around every call that it makes, and at random; whoever it talked to is the judge. See
 * docs/reliability.md.
 *
 *   --full              every point in a story of its own, and 500 random kills (else some minutes' worth)
 *   --store sqlite|postgres|both   PostgreSQL needs `node test/with-postgres.ts npm run test:crash`
 *   --seed <number>     of the random kills, and of what the bounded form chooses
 *   --only <name>[#n]   one story each, killed at this point, or with --hold held there longer than a lease
 *   --places <number>   worlds side by side
 *   --report <file>     the table and every story as JSON
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { accountOf, rowOf, tableOf, totalOf, type Result } from "./account.ts";
import { firstStarts } from "./migration.ts";
import type { Point } from "./orders.ts";
import { openPlace, type Place } from "./place.ts";
import {
  holdsOf,
  isWrite,
  onePerStory,
  pointsOf,
  randomStory,
  sample,
  severalPerStory,
} from "./plans.ts";
import { tellStory } from "./story.ts";
import type { Kind, StoryPlan } from "./story-plan.ts";
import type { Store } from "./witness.ts";

const { values } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    store: { type: "string" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    hold: { type: "boolean", default: false },
    places: { type: "string", default: String(availableParallelism() * 3 + 1) },
    report: { type: "string" },
  },
});
const { full, only, hold } = values;
const seed = Number(values.seed);
const places = Number(values.places);
const kinds: readonly Kind[] = ["deploy", "rollback"];
/** Random kills on each store, about. */
const randomKills = full ? 500 : 24;

const started = Date.now();
const root = mkdtempSync(join(tmpdir(), "omnibot-crash-"));
const compiled = { NODE_COMPILE_CACHE: join(root, "compiled") };
const told = new Map<string, { readonly results: Result[]; points: number; until: number }>();
const stores = storesOf(values.store);
const outcomes = await Promise.allSettled(stores.map(runOn));

const rows = [...told].map(([suite, { results, points, until }]) =>
  rowOf(suite, results, points, (until - started) / 1000),
);
const results = [...told.values()].flatMap((one) => one.results);
const broken = outcomes.flatMap((one) => (one.status === "rejected" ? [String(one.reason)] : []));
const failed = results.filter(({ findings }) => findings.length > 0).length + broken.length;
const total = totalOf(rows, (Date.now() - started) / 1000);
process.stdout.write(`\n${[tableOf([...rows, total]), ...broken].join("\n")}\n\n`);
if (values.report !== undefined) {
  const report = { seed, full, total, rows, broken, stories: results };
  writeFileSync(values.report, `${JSON.stringify(report, null, 2)}\n`);
}
if (failed === 0) rmSync(root, { recursive: true, force: true });
else process.stdout.write(`The logs are in ${root}; the seed is ${seed}.\n`);
process.stdout.write(`${results.length - (failed - broken.length)} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);

interface Work {
  readonly suite: string;
  readonly plan: StoryPlan;
}

/** Everything on one store, in worlds side by side: whoever is free tells the next story. */
async function runOn(store: Store): Promise<void> {
  const count = Math.max(2, Math.ceil(places / stores.length));
  const open: Place[] = [];
  const at = (i: number) => openPlace(`${store}-${i}`, store, root, compiled);
  try {
    const [first, second] = await Promise.all([at(0), at(1)]);
    open.push(first, second);
    const others = Array.from({ length: count - 2 }, (_, i) => at(i + 2));
    const traced = await Promise.all([trace(first, "deploy"), trace(second, "rollback")]);
    const points = { deploy: traced[0], rollback: traced[1] };
    open.push(...(await Promise.all(others)));

    if (only === undefined) await killStarts(store, first);
    const next = only === undefined ? workOn(store, points) : onePoint(store, only);
    await Promise.all(
      open.map(async (place) => {
        for (let work = next(); work !== undefined; work = next())
          note(work.suite, await tellStory(place, work.plan));
      }),
    );
  } finally {
    await Promise.all(open.map((place) => place.close()));
  }
}

/** Every point of a story without a kill. */
async function trace(place: Place, kind: Kind): Promise<readonly Point[]> {
  place.passed.length = 0;
  place.keeper.trace(true);
  const result = await tellStory(place, { name: `${kind} without a kill`, kind, kills: [] });
  place.keeper.trace(false);
  if (result.findings.length > 0) throw new Error(accountOf(result));
  return pointsOf(place.passed);
}

/** First the stories with kills at points, then random ones until there were enough kills. */
function workOn(
  store: Store,
  points: Readonly<Record<Kind, readonly Point[]>>,
): () => Work | undefined {
  const atPoints = kinds.flatMap((kind) =>
    workOf(`${store} ${kind}, at points`, systematic(store, kind, points[kind])),
  );
  const stale = kinds.flatMap((kind) => {
    const holds = holdsOf(points[kind]);
    const chosen = full ? holds : sample(holds, kind === "deploy" ? 4 : 9, seed);
    return workOf(`${store} ${kind}, stale owner`, onePerStory(kind, chosen));
  });
  const waiting = [...atPoints, ...stale];
  // A run in doubt is looked for during a minute: those stories begin first.
  const isLong = ({ plan }: Work) => /startRun|start-run/.test(plan.name);
  waiting.sort((a, b) => Number(isLong(b)) - Number(isLong(a)));
  let number = 0;
  let kills = 0;
  return () => {
    const work = waiting.shift();
    if (work !== undefined || kills >= randomKills) return work;
    const plan = randomStory(seed, number++, points);
    // Some of them are not reached.
    kills += plan.kills.length * 0.9;
    return { suite: `${store}, at random`, plan };
  };
}

function workOf(suite: string, plans: readonly StoryPlan[]): readonly Work[] {
  suiteOf(suite).points = distinct(plans);
  return plans.map((plan) => ({ suite, plan }));
}

/** All points, each in a story of its own; bounded, what writes is always there, but in fewer stories. */
function systematic(store: Store, kind: Kind, points: readonly Point[]): readonly StoryPlan[] {
  if (full) return onePerStory(kind, points);
  const first = points.filter(({ occurrence }) => occurrence === 1);
  const written = first.filter(isWrite);
  if (store !== "sqlite" || kind !== "deploy")
    return severalPerStory(kind, sample(written, 4, seed), 4);
  const read = sample(
    first.filter((point) => !isWrite(point)),
    12,
    seed,
  );
  const chosen = first.filter((point) => written.includes(point) || read.includes(point));
  return severalPerStory(kind, chosen, 4);
}

function onePoint(store: Store, name: string): () => Work | undefined {
  const [at = "", occurrence = "1"] = name.split("#");
  const point = { at, occurrence: Number(occurrence) };
  const waiting = kinds.flatMap((kind) =>
    onePerStory(kind, hold ? holdsOf([point]) : [point]).map((plan): Work => ({
      suite: `${store} ${kind}, ${plan.name}`,
      plan,
    })),
  );
  return () => waiting.shift();
}

async function killStarts(store: Store, { world }: Place): Promise<void> {
  const starts = firstStarts(store, root, { ...world.environment, ...compiled });
  const { points, schema } = await starts.whole();
  const chosen = full ? points : sample(points, 4, seed);
  suiteOf(`${store} first start`).points = chosen.length;
  await sideBySide(2, chosen, async (point) => {
    note(`${store} first start`, await starts.killed(point, schema));
  });
}

function suiteOf(name: string): { readonly results: Result[]; points: number; until: number } {
  const suite = told.get(name) ?? { results: [], points: 0, until: started };
  told.set(name, suite);
  return suite;
}

function note(name: string, result: Result): void {
  const suite = suiteOf(name);
  suite.results.push(result);
  suite.until = Date.now();
  if (result.findings.length > 0) process.stdout.write(`${accountOf(result)}\n`);
}

function distinct(plans: readonly StoryPlan[]): number {
  const kills = plans.flatMap((plan) => plan.kills);
  return new Set(kills.map((kill) => JSON.stringify(kill))).size;
}

async function sideBySide<Item>(
  width: number,
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
    }),
  );
}

function storesOf(asked: string | undefined): readonly Store[] {
  switch (asked) {
    case undefined:
      return process.env["OMNIBOT_TEST_POSTGRES"] === undefined
        ? ["sqlite"]
        : ["sqlite", "postgres"];
    case "sqlite":
    case "postgres":
      return [asked];
    case "both":
      return ["sqlite", "postgres"];
    default:
      throw new Error("--store is sqlite, postgres or both");
  }
}

/**
 * The crash suite: `npm run test:crash`. omnibot runs as a process of its own against the stand-ins, and is killed with
 * SIGKILL around every call that it makes, and at random; its calls are held, and it is stopped, for longer than a lease.
 * Whoever it talked to is the judge. See docs/reliability.md.
 *
 *   --full              every point, and 500 random kills on each store (else some minutes' worth)
 *   --store sqlite|postgres|both   PostgreSQL needs `node test/with-postgres.ts npm run test:crash`
 *   --suite <names>     some of starts, points, stale, random; all by default
 *   --part <i>/<n>      of the stories at points and of stale owners, the i-th of n parts
 *   --kinds <names>     of stories, some of test/crash/story-plan.ts; all by default
 *   --random <number>   kills at random on each store
 *   --minutes <number>  begins no random story after this; all by default
 *   --seed <number>     of the random kills, and of what the bounded form chooses
 *   --only <names>      one story of each kind for each of these points, separated by commas; `hold` or `stop` before a name for
 *                       a stale owner
 *   --places <number>   worlds side by side
 *   --report <file>     the table and every story as JSON
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { accountOf, rowOf, tableOf, totalOf, type Result } from "./account.ts";
import { createChoice, suites } from "./choice.ts";
import { loadProcess } from "./process.ts";
import { runOn } from "./run.ts";
import { kinds } from "./story-plan.ts";
import type { Store } from "./witness.ts";

const { values } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    store: { type: "string" },
    suite: { type: "string", default: suites.join(",") },
    part: { type: "string", default: "1/1" },
    kinds: { type: "string", default: kinds.join(",") },
    random: { type: "string" },
    minutes: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    places: { type: "string", default: String(availableParallelism() * 3 + 1) },
    report: { type: "string" },
  },
});
const { full, only, part } = values;
const seed = Number(values.seed);
const chosen = values.suite.split(",");
const random =
  only === undefined && chosen.includes("random") ? Number(values.random ?? (full ? 500 : 12)) : 0;

const started = Date.now();
const root = mkdtempSync(join(tmpdir(), "omnibot-crash-"));
const stores = storesOf(values.store);
const told = new Map<string, { readonly results: Result[]; until: number }>();
const compiled = process.env["NODE_COMPILE_CACHE"] ?? join(root, "compiled");
const environment = { NODE_COMPILE_CACHE: compiled };
// What was told so far counts also when somebody's patience ends.
process.once("SIGTERM", () => finish(["ended before every story was told"]));
await compile();
const outcomes = await Promise.allSettled(
  stores.map((store) =>
    runOn({
      store,
      places: Math.max(2, Math.ceil(Number(values.places) / stores.length)),
      root,
      environment,
      seed,
      random,
      kinds: kinds.filter((kind) => values.kinds.split(",").includes(kind)),
      until: started + Number(values.minutes) * 60_000,
      choose: createChoice({ store, full, seed, only, suites: chosen, part }),
      note,
    }),
  ),
);

finish(outcomes.flatMap((one) => (one.status === "rejected" ? [String(one.reason)] : [])));

/** Tells of every story that was told; `broken` is what kept others from being told. */
function finish(broken: readonly string[]): never {
  const rows = [...told]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([suite, one]) => rowOf(suite, one.results, (one.until - started) / 1000));
  const results = [...told.values()].flatMap((one) => one.results);
  const bad = results.filter(({ findings }) => findings.length > 0).length;
  const failed = bad + broken.length;
  const total = totalOf(rows, (Date.now() - started) / 1000);
  process.stdout.write(`\n${[tableOf([...rows, total]), ...broken].join("\n")}\n\n`);
  if (values.report !== undefined) {
    const stories = [...told].flatMap(([suite, one]) =>
      one.results.map((result) => ({ suite, ...result })),
    );
    const report = { seed, full, part, total, rows, broken, stories };
    writeFileSync(values.report, `${JSON.stringify(report, null, 2)}\n`);
  }
  if (failed === 0) rmSync(root, { recursive: true, force: true });
  else process.stdout.write(`The logs are in ${root}; the seed is ${seed}.\n`);
  process.stdout.write(`${results.length - bad} passed, ${failed} failed\n`);
  process.exit(failed === 0 ? 0 : 1);
}

/** One process compiles for all. */
async function compile(): Promise<void> {
  const first = loadProcess({ environment, log: join(root, "first.log"), passed: () => {} });
  await Promise.race([first.loaded, first.ended]);
  first.kill();
  await first.ended;
}

function note(suite: string, result: Result): void {
  const { results: earlier } = told.get(suite) ?? { results: [] };
  told.set(suite, { results: [...earlier, result], until: Date.now() });
  if (result.findings.length > 0) process.stdout.write(`${accountOf(result)}\n`);
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

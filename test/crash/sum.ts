/** Adds up reports of the crash suite: `node test/crash/sum.ts first.json second.json`. A full run is long, and done in parts. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { rowOf, tableOf, totalOf, type Result } from "./account.ts";

const report = z.object({
  total: z.object({ seconds: z.number() }),
  broken: z.array(z.string()),
  // Written by main.ts, of the type that is read here.
  stories: z.array(z.looseObject({ suite: z.string() })),
});

const told = new Map<string, Result[]>();
const broken: string[] = [];
let seconds = 0;
for (const file of process.argv.slice(2)) {
  const one = report.parse(JSON.parse(readFileSync(file, "utf8")));
  seconds += one.total.seconds;
  broken.push(...one.broken);
  for (const { suite, ...story } of one.stories)
    told.set(suite, [...(told.get(suite) ?? []), story as unknown as Result]);
}

const rows = [...told]
  .toSorted(([a], [b]) => a.localeCompare(b))
  .map(([suite, results]) => rowOf(suite, results, 0));
process.stdout.write(`${tableOf([...rows, totalOf(rows, seconds)])}\n`);
for (const why of broken) process.stdout.write(`${why}\n`);
const stories = [...told.values()].flat();
const failed = stories.filter(({ findings }) => findings.length > 0).length;
process.stdout.write(`${stories.length - failed} passed, ${failed + broken.length} failed\n`);
process.exit(failed + broken.length === 0 ? 0 : 1);

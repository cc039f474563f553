/**
 * The diagnosis suite: every cause as a whole story through omnibot and the stand-ins, told in the right words and soon;
 * what looks bad and is not, told as neither; and recordings of a real control plane beside them.
 * `npm run test:diagnosis -- [--only <regular expression>] [--report <path>] [--lanes <n>] [--speed <n>]`
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { judgeRecordings } from "./recordings.ts";
import { missingCauses, rows, type Row } from "./table.ts";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    report: { type: "string" },
    lanes: { type: "string", default: "2" },
    speed: { type: "string", default: "30" },
  },
});
const speed = Number(options.speed);

const result = z.object({
  row: z.number(),
  speed: z.number(),
  toldAfter: z.number().optional(),
  outcome: z.string(),
  problems: z.array(z.string()),
  took: z.number(),
  log: z.string(),
});

type Result = z.infer<typeof result>;

/** A story that takes longer than this (ms) is ended, and counts as broken. */
const longest = 60_000;

/** Most of a process is its start; one that has played so many stories is replaced. */
const storiesPerProcess = 15;

const only = new RegExp(options.only);
const queue = rows.flatMap((row, index) => (isWanted(row) ? [index] : []));
const wanted = queue.length;
const results: Result[] = [];
const begun = performance.now();

await Promise.all(
  Array.from({ length: Math.max(1, Math.min(Number(options.lanes), wanted)) }, runLane),
);

results.sort((a, b) => a.row - b.row);
const missing = options.only === "" ? missingCauses() : [];
const recordings = options.only === "" || options.only === "recordings" ? judgeRecordings() : [];

say("CAUSES", "told after", "(in its time)", "", "what was told");
results.filter(({ row }) => rows[row]?.family !== "benign").forEach(print);
for (const code of missing) say(code, "", "", "MISSING", "no case tells it: test/diagnosis");
say("");
say("WELL ALL THE SAME", "", "", "", "how it ended");
results.filter(({ row }) => rows[row]?.family === "benign").forEach(print);
say("");
printRecordings();

const failedStories = results.filter(({ problems }) => problems.length > 0);
const failed =
  failedStories.length +
  missing.length +
  recordings.filter(({ problems }) => problems.length > 0).length;
const passed = results.length + recordings.length + missing.length - failed;
summarize();
if (options.report !== undefined) writeReport(options.report);
if (failed > 0 || passed === 0) process.exitCode = 1;
process.stdout.write(`${passed} passed, ${failed} failed\n`);

function isWanted({ family, name }: Row): boolean {
  return only.test(`${family} ${name}`);
}

async function runLane(): Promise<void> {
  let player: Player | undefined;
  for (let row = queue.shift(); row !== undefined; row = queue.shift()) {
    player = player?.isGood() === true ? player : await startPlayer(player);
    const one = await player.play(row);
    results.push(one);
    const good = one.problems.length === 0 ? "pass" : "FAIL";
    process.stderr.write(
      `${results.length}/${wanted} ${good} ${rows[row]?.name ?? ""} ${seconds(one.took)}\n`,
    );
  }
  player?.end();
}

/** A process that plays stories, one after the other. */
interface Player {
  play(row: number): Promise<Result>;
  /** Whether it may play one more. */
  isGood(): boolean;
  end(): void;
}

async function startPlayer(before: Player | undefined): Promise<Player> {
  before?.end();
  const child = fork(new URL("lane.ts", import.meta.url), { execArgv: ["--no-warnings"] });
  let left = storiesPerProcess;
  child.once("exit", () => (left = 0));
  await Promise.race([once(child, "message"), once(child, "exit")]);

  return {
    isGood: () => left > 0,
    end: () => child.connected && child.disconnect(),
    async play(row) {
      left -= 1;
      const timer = setTimeout(() => child.kill("SIGKILL"), longest);
      const { promise, resolve } = Promise.withResolvers<Result>();
      const ended = {
        row,
        speed,
        outcome: "broken",
        problems: ["its process ended"],
        took: 0,
        log: "",
      };
      const gone = () => resolve(ended);
      const told = (message: unknown) => resolve(result.parse(message));
      child.once("exit", gone).once("message", told);
      if (child.connected) child.send({ row, speed });
      else gone();
      const one = await promise;
      clearTimeout(timer);
      child.off("exit", gone).off("message", told);
      // What is left of a story that broke must not disturb the next.
      if (one.outcome === "broken") left = 0;
      return one;
    },
  };
}

function print({ row, speed: fast, toldAfter, outcome, problems }: Result): void {
  say(
    rows[row]?.name ?? "",
    toldAfter === undefined ? "" : seconds(toldAfter / fast),
    toldAfter === undefined ? "" : seconds(toldAfter),
    problems.length === 0 ? "pass" : "FAIL",
    outcome,
  );
  for (const problem of problems) process.stdout.write(`  - ${problem}\n`);
}

function printRecordings(): void {
  say("RECORDINGS", "decidable", "decided", "", "verdict");
  for (const one of recordings) {
    const [decidable, decided] = [one.decidable, one.decided].map((time) =>
      time === undefined ? "" : seconds(time),
    );
    say(one.name, decidable, decided, one.problems.length === 0 ? "pass" : "FAIL", one.verdict);
    for (const problem of one.problems) process.stdout.write(`  - ${problem}\n`);
  }
}

function summarize(): void {
  const causes = results.filter(({ row }) => rows[row]?.family !== "benign");
  const times = causes.flatMap(({ toldAfter }) => toldAfter ?? []).toSorted((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)] ?? 0;
  const alarms = failedStories.filter(({ row }) => rows[row]?.family === "benign").length;
  process.stdout.write(
    [
      "",
      `${causes.length} stories of causes, ${missing.length} causes missing`,
      `told after ${seconds(median / speed)} in the middle, ${seconds((times.at(-1) ?? 0) / speed)} at most (in the world's time, ${speed} times as fast: ${seconds(median)}, ${seconds(times.at(-1) ?? 0)})`,
      `${results.length - causes.length} stories that are well, ${alarms} false alarms`,
      `${seconds(performance.now() - begun)} in all`,
      "",
    ].join("\n"),
  );
}

function say(name: string, first = "", second = "", verdict = "", words = ""): void {
  const cells = [
    name.padEnd(50),
    first.padStart(10),
    second.padStart(13),
    verdict.padEnd(7),
    words.slice(0, 110),
  ];
  process.stdout.write(`${cells.join(" ").trimEnd()}\n`);
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 1)} s`;
}

function writeReport(path: string): void {
  const stories = results.map(({ row, ...rest }) => ({
    family: rows[row]?.family,
    name: rows[row]?.name,
    passed: rest.problems.length === 0,
    ...rest,
  }));
  const report = { totals: { passed, failed }, speed, missing, stories, recordings };
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
}

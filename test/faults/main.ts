/**
 * The fault suite: every port times every fault, each played as a whole story against the stand-ins and judged by what the
 * world shows. `npm run test:faults -- [--full] [--only <port>[/<words>][|…]] [--report <path>] [--lanes <n>]`
 */
import { fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { ports } from "./calls.ts";
import { cells, chosen } from "./table.ts";

const { values: options } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    report: { type: "string" },
    lanes: { type: "string", default: "4" },
  },
});

const result = z.object({
  cell: z.number(),
  outcome: z.string(),
  problems: z.array(z.string()),
  doubles: z.number(),
  lost: z.number(),
  took: z.number(),
  log: z.string(),
});

type Result = z.infer<typeof result>;

/** A lane that says nothing for so long is ended, and its cell counts as broken. */
const longest = 150_000;

/** So many cells are played once more. */
const mostAgain = 15;
const again = new Set<number>();

const queue = cells.flatMap((cell, index) => (isWanted(cell, index) ? [index] : []));
const wanted = queue.length;
const results: Result[] = [];
const begun = Date.now();

// What was played so far is told also when somebody's patience ends.
process.once("SIGTERM", () => {
  finish();
  process.exit(1);
});

const lanes = Math.max(1, Math.min(Number(options.lanes), wanted));
await Promise.all(Array.from({ length: lanes }, () => runLane()));
await playAgain();
finish();

function finish(): void {
  results.sort((a, b) => a.cell - b.cell);
  for (const one of results) print(one);
  printTable();
  const failed = results.filter(({ problems }) => problems.length > 0).length;
  if (options.report !== undefined) writeReport(options.report, failed);
  const unplayed = wanted - results.length;
  if (failed + unplayed > 0) process.exitCode = 1;
  const seconds = Math.round((Date.now() - begun) / 1000);
  process.stdout.write(`${results.length} of ${cells.length} cells in ${seconds} s\n`);
  if (again.size > 0) process.stdout.write(`${again.size} were played again alone\n`);
  if (unplayed > 0) process.stdout.write(`${unplayed} cells were not played\n`);
  process.stdout.write(`${results.length - failed} passed, ${failed + unplayed} failed\n`);
}

function isWanted({ port, call, fault }: (typeof cells)[number], index: number): boolean {
  const wishes = options.only.split("|").map((wish) => wish.split("/"));
  const isWished = wishes.some(
    ([wished = "", ...words]) =>
      (wished === "" || wished === port) && `${call}/${fault}`.includes(words.join("/")),
  );
  return isWished && (options.full || options.only.includes("/") || chosen.has(index));
}

async function runLane(): Promise<void> {
  while (queue.length > 0) await runProcess();
}

/**
 * Cells that failed in company are played once more, one at a time: a machine that has too much to do makes troubles of its own.
 * What was there twice is not forgiven.
 */
async function playAgain(): Promise<void> {
  const doubtful = results.filter(({ problems, doubles }) => problems.length > 0 && doubles === 0);
  // Where much fails, it is not the machine.
  if (doubtful.length > mostAgain) return;
  for (const { cell } of doubtful) {
    results.splice(
      results.findIndex((one) => one.cell === cell),
      1,
    );
    queue.push(cell);
    again.add(cell);
  }
  await runLane();
}

/** One process, until there is no cell left or it breaks. */
function runProcess(): Promise<void> {
  const child = fork(new URL("lane.ts", import.meta.url), { execArgv: ["--no-warnings"] });
  const { promise, resolve } = Promise.withResolvers<void>();
  let current: number | undefined;
  let timer: NodeJS.Timeout | undefined;

  function next(): void {
    clearTimeout(timer);
    current = queue.shift();
    if (current === undefined) return child.disconnect();
    timer = setTimeout(() => child.kill("SIGKILL"), longest);
    child.send({ cell: current });
  }

  child.on("message", (message) => {
    if (message !== "ready") {
      const one = result.parse(message);
      results.push(one);
      current = undefined;
      process.stderr.write(`${results.length}/${wanted} ${nameOf(one)} ${one.outcome}\n`);
    }
    next();
  });
  child.on("exit", () => {
    clearTimeout(timer);
    if (current !== undefined)
      results.push({
        cell: current,
        outcome: "broken",
        problems: ["its process ended"],
        doubles: 0,
        lost: 0,
        took: 0,
        log: "",
      });
    resolve();
  });
  return promise;
}

function nameOf({ cell: index }: Pick<Result, "cell">): string {
  const cell = cells[index];
  return `${cell?.port} | ${cell?.call} | ${cell?.fault}`;
}

/** Cells of each port: how many were played, how many passed, and what the world had too much or too little of. */
function printTable(): void {
  const columns = ["port", "cells", "passed", "failed", "doubles", "lost"];
  const rows = ports.map((port) => rowOf(port, (one) => cells[one.cell]?.port === port));
  const total = rowOf("all", () => true);
  for (const row of [columns, ...rows, total])
    process.stdout.write(
      `${row.map((word, i) => (i === 0 ? word.padEnd(14) : word.padStart(8))).join("")}\n`,
    );
}

function rowOf(name: string, isMeant: (one: Result) => boolean): readonly string[] {
  const meant = results.filter(isMeant);
  const passed = meant.filter(({ problems }) => problems.length === 0).length;
  const sum = (what: "doubles" | "lost") => meant.reduce((all, one) => all + one[what], 0);
  const numbers = [meant.length, passed, meant.length - passed, sum("doubles"), sum("lost")];
  return [name, ...numbers.map(String)];
}

function print(one: Result): void {
  const cell = cells[one.cell];
  const columns = [
    (cell?.port ?? "").padEnd(13),
    (cell?.call ?? "").padEnd(22),
    (cell?.fault ?? "").padEnd(30),
    (one.problems.length > 0 ? "FAIL" : again.has(one.cell) ? "pass, alone" : "pass").padEnd(12),
    one.outcome.slice(0, 100),
  ];
  process.stdout.write(`${columns.join(" ")}\n`);
  for (const problem of one.problems) process.stdout.write(`${" ".repeat(14)}- ${problem}\n`);
}

function writeReport(path: string, failed: number): void {
  const rows = results.map(({ cell: index, ...rest }) => {
    const { port, call, fault } = cells[index] ?? {};
    return { port, call, fault, passed: rest.problems.length === 0, ...rest };
  });
  const totals = {
    cells: cells.length,
    played: rows.length,
    passed: rows.length - failed,
    failed,
    doubles: rows.reduce((sum, { doubles }) => sum + doubles, 0),
    lost: rows.reduce((sum, { lost }) => sum + lost, 0),
    again: again.size,
    seconds: Math.round((Date.now() - begun) / 1000),
  };
  writeFileSync(path, `${JSON.stringify({ totals, cells: rows }, null, 2)}\n`);
}

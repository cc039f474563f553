import { tailOf } from "../deployment/words.ts";

/** How many lines to fetch for a tail, with room for those that say nothing. */
export const fetchedLines = 80;

/** The most that a tail holds, in bytes. */
const mostBytes = 2048;

const timestamp = /^\uFEFF?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z ?/;
const marker = /^##\[(\w+)\]/;
/** Frames, switches and commands to the agent: they explain nothing. */
const noise = /^##\[(section|group|endgroup|debug)\]|^##vso\[/;

/** The last useful lines of a task's log, without timestamps and markers. */
export function tailOfTask(log: readonly string[]): readonly string[] {
  const useful = log
    .flatMap((line) => line.split(/\r?\n/))
    .map((line) => line.replace(timestamp, ""))
    .filter((line) => !noise.test(line))
    .map((line) => line.replace(marker, ""));
  return tailOf(useful.join("\n"), mostBytes);
}

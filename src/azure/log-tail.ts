/** The most that a tail holds: lines, characters of one line, bytes together. */
const limits = { lines: 20, line: 240, bytes: 2048 };

/** How many lines to fetch for it, with room for those that say nothing. */
export const fetchedLines = 80;

const timestamp = /^\uFEFF?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z ?/;
const marker = /^##\[(\w+)\]/;
/** Frames, switches and commands to the agent: they explain nothing. */
const noise = /^##\[(section|group|endgroup|debug)\]|^##vso\[/;
// oxlint-disable-next-line no-control-regex -- colours and control characters are exactly what must go
const control = /\u001B\[[0-9;?]*[A-Za-z]|[\u0000-\u0008\u000B-\u001F\u007F]/g;

/** The last useful lines of a task's log, without timestamps and markers, within limits. */
export function tailOf(log: readonly string[]): readonly string[] {
  const useful = log
    .flatMap((line) => line.split(/\r?\n/))
    .map((line) => line.replace(timestamp, ""))
    .filter((line) => !noise.test(line))
    .map((line) => line.replace(marker, "").replaceAll(control, "").trimEnd())
    .filter((line) => line !== "")
    .map((line) => (line.length > limits.line ? `${line.slice(0, limits.line - 1)}…` : line))
    .slice(-limits.lines);
  let bytes = 0;
  const first = useful.findLastIndex(
    (line) => (bytes += Buffer.byteLength(line) + 1) > limits.bytes,
  );
  return useful.slice(first + 1);
}

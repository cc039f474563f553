import { withoutSecrets } from "./secrets.ts";

/** The most that the tail of a log holds: lines, and characters of one line. */
const limits = { lines: 20, line: 240 };

// oxlint-disable-next-line no-control-regex -- colours and control characters are exactly what must go
const control = /\u001B\[[0-9;?]*[A-Za-z]|[\u0000-\u0008\u000B-\u001F\u007F]/g;

/** Shortens a text to so many characters, with an ellipsis. */
export function cut(text: string, most: number): string {
  const letters = Array.from(text);
  return letters.length <= most ? text : `${letters.slice(0, Math.max(0, most - 1)).join("")}…`;
}

/** The beginning of a service's message, on one line; a page of HTML says nothing. */
export function firstWords(message: string): string {
  // Before it is cut: half a secret does not look like one any more.
  const text = withoutSecrets(message).trim();
  return text.startsWith("<") ? "" : cut(text.replaceAll(/\s+/g, " "), 300);
}

/** What happened, and the service's own words about it where it has any. */
export function withReason(sentence: string, message: string): string {
  const words = firstWords(message);
  return words === "" ? sentence : `${sentence}: ${words}`;
}

/** The last lines of a log that say something: 20 at most, of 240 characters, and of so many bytes together. */
export function tailOf(log: string, mostBytes: number): readonly string[] {
  const lines = withoutSecrets(log.replaceAll(/\r\n?/g, "\n").replaceAll(control, ""))
    .split("\n")
    .map((line) => cut(line.trimEnd(), limits.line))
    .filter((line) => line !== "")
    .slice(-limits.lines);
  let bytes = 0;
  const over = lines.findLastIndex((line) => (bytes += Buffer.byteLength(line) + 1) > mostBytes);
  return lines.slice(over + 1);
}

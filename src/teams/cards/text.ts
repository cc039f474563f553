import { withoutSecrets } from "../../deployment/secrets.ts";
import { cut } from "../../deployment/words.ts";

/**
 * Words from outside, made safe for a card or a message: nothing in them can become a link, a mention, a template or
 * formatting, and what looks like a secret is left out.
 */

/**
 * Plain text on one line: no control or direction characters, no secrets. Where clients are known to look at text before or
 * without Markdown (`<at>`, `](`, `${`, `{{`) the sequence itself is broken up.
 */
export function plain(text: string, most = 200): string {
  const line = withoutSecrets(text)
    .replaceAll(/[\u202A-\u202E\u2066-\u2069\u200B\u200E\u200F\uFEFF]/g, "")
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim();
  return cut(line, most)
    .replaceAll(/<(?=[/!?a-z])/gi, "‹")
    .replaceAll("](", "] (")
    .replaceAll("${", "$\u2060{")
    .replaceAll("{{", "{\u2060{");
}

/** The text for a TextBlock or a message, whatever it holds: backslashes disarm Markdown. */
export function escaped(text: string, most = 200): string {
  return plain(text, most)
    .replaceAll(/[\\*[\]`~|]/g, "\\$&")
    .replaceAll(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\_")
    .replaceAll("](", "] (")
    .replaceAll("${", "$\u2060{")
    .replaceAll("{{", "{\u2060{")
    .replace(
      /^([-+#>]|\d+[.)])(?=\s|$|#)/,
      (marker) => `${marker.slice(0, -1)}\\${marker.slice(-1)}`,
    );
}

/**
 * One line of a log: its indentation is part of what it says. The time before it is not: it fills a line of a phone, and Teams
 * is seen to write times of ISO 8601 in its own way.
 */
export function logLine(text: string, most: number): string {
  const line = text.replace(
    /^\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,\d]*(?:Z|[+-]\d\d:?\d\d)?\]? ?/,
    "",
  );
  const indent = /^[ \t]*/.exec(line)?.[0].replaceAll("\t", "  ").length ?? 0;
  return "\u00a0".repeat(Math.min(indent, 8)) + escaped(line, most);
}

/** Our own sentences: `words` in backticks, which cards do not know, become bold. */
export function ours(sentence: string): string {
  return sentence.replaceAll(/`([^`]+)`/g, "**$1**");
}

/** A first letter in capitals, as the beginning of a sentence. */
export function capital(sentence: string): string {
  return sentence.slice(0, 1).toUpperCase() + sentence.slice(1);
}

/** `a`, `a and b`, `a, b and c`. */
export function list(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}

const numbers = [
  "no",
  "one",
  "two",
  "three",
  "four",
  "five",
  "six",
  "seven",
  "eight",
  "nine",
  "ten",
];

/** `one approval`, `14 commits`. */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`;
}

/** As `count`, with small numbers in words. */
export function countInWords(amount: number, one: string): string {
  return `${numbers[amount] ?? amount} ${amount === 1 ? one : `${one}s`}`;
}

import type { Result } from "./check.ts";

const marks: Readonly<Record<Result["state"], string>> = {
  ok: "✔",
  off: "–",
  warning: "!",
  failed: "✖",
  untried: "·",
};

/** The longest line, in characters; a terminal that is narrower wraps by itself. */
const width = 118;

/** All results as a table, the installation first, then each environment; a remedy stands under what it is for. */
export function tableOf(results: readonly Result[]): string {
  const column = Math.max(0, ...results.map(({ about }) => about.length)) + 2;
  const groups = [...new Set(results.map(({ environment }) => environment))];
  const blocks = groups.map((group) => {
    const rows = results.filter(({ environment }) => environment === group);
    const lines = rows.flatMap((row) => linesOf(row, column));
    return [group ?? "omnibot itself", ...lines].join("\n");
  });
  return `${blocks.join("\n\n")}\n\n${sumOf(results)}\n`;
}

function linesOf({ state, about, found, remedy }: Result, column: number): readonly string[] {
  const indent = " ".repeat(column + 4);
  const [first = "", ...rest] = wrap(found, width - indent.length);
  const advice = remedy === undefined ? [] : wrap(`→ ${remedy}`, width - indent.length);
  return [
    `  ${marks[state]} ${about.padEnd(column)}${first}`,
    ...[...rest, ...advice].map((line) => indent + line),
  ];
}

function wrap(text: string, most: number): readonly string[] {
  return text.split("\n").flatMap((paragraph) => {
    const lines: string[] = [];
    let line = "";
    // A line of a file keeps its indentation; only what has words is broken between them.
    for (const word of paragraph.split(/(?<=\S) /)) {
      const longer = line === "" ? word : `${line} ${word}`;
      if (longer.length > most && line !== "") {
        lines.push(line);
        line = word;
      } else line = longer;
    }
    return [...lines, line];
  });
}

/** "25 well, 1 to look at, 2 failed, 3 not tried". */
function sumOf(results: readonly Result[]): string {
  const count = (...states: readonly Result["state"][]) =>
    results.filter(({ state }) => states.includes(state)).length;
  const sums = [
    `${count("ok")} well`,
    ...said(count("warning"), "to look at"),
    `${count("failed")} failed`,
    ...said(count("untried"), "not tried"),
  ];
  return sums.join(", ");
}

function said(count: number, words: string): readonly string[] {
  return count === 0 ? [] : [`${count} ${words}`];
}

import type { Goal, Table } from "./part.ts";
import { short } from "./statistics.ts";

/** A table as Markdown, which reads well on a screen too. */
export function written({ title, columns, rows }: Table): string {
  const cells = [columns, ...rows.map((row) => row.map(wordOf))];
  const widths = columns.map((_, i) => Math.max(3, ...cells.map((row) => (row[i] ?? "").length)));
  const isNumber = (i: number) =>
    rows.length > 0 && rows.every((row) => typeof row[i] === "number");
  const line = (row: readonly string[]) => {
    const padded = widths.map((width, i) =>
      isNumber(i) ? (row[i] ?? "").padStart(width) : (row[i] ?? "").padEnd(width),
    );
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, i) =>
    isNumber(i) ? `${"-".repeat(width - 1)}:` : "-".repeat(width),
  );
  const [head = [], ...body] = cells;
  return [`${title}\n`, line(head), `| ${rule.join(" | ")} |`, ...body.map(line)].join("\n");
}

export function judged({ what, found, most, unit }: Goal): string {
  const mark = found <= most ? "met    " : "not met";
  return `${mark} ${what}: ${short(found)} ${unit}, at most ${short(most)}`;
}

function wordOf(cell: string | number): string {
  return typeof cell === "number" ? short(cell) : cell;
}

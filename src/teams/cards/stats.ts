import type { Environment } from "../../config/config.ts";
import type { Figures } from "../../deployment/figures.ts";
import type { Rendered } from "./render.ts";
import { expand } from "./template.ts";
import { count, escaped, plain } from "./text.ts";
import { roughly } from "./time.ts";

interface StatsView {
  readonly title: string;
  readonly columns: readonly { readonly title: string }[];
  readonly rows: readonly {
    readonly title: string;
    readonly cells: readonly { readonly value: string; readonly detail: string }[];
  }[];
  readonly note: string;
  readonly summary: string;
}

/** How often, how fast, how well, and how soon it is well again. */
export function renderStats(all: readonly Figures[], environment: Environment): Rendered {
  const view = statsView(all, environment);
  return { card: expand("stats", view), summary: view.summary };
}

function statsView(all: readonly Figures[], environment: Environment): StatsView {
  const name = plain(environment.name, 60);
  const row = (title: string, cell: (figures: Figures) => readonly [string, string]) => ({
    title,
    cells: all.map((figures) => {
      const [value, detail] = cell(figures);
      return { value, detail };
    }),
  });
  return {
    title: escaped(`Figures of ${name}`),
    columns: all.map(({ days }) => ({ title: `${days} days` })),
    rows: [
      row("Deployments", (one) => [frequency(one), besides(one)]),
      row("Commit to live", ({ leadTime }) => median(leadTime)),
      row("Failed changes", ({ merged, failed }) => [
        merged === 0 ? "none yet" : `${Math.round((100 * failed) / merged)} %`,
        `${failed} of ${merged}`,
      ]),
      row("Until well again", ({ timeToRestore }) => median(timeToRestore)),
    ],
    note: "**Failed**: merged, and then not well, or rolled back. The wait for approval counts, and so do changes by hand.",
    summary: `Figures of ${name}`,
  };
}

function frequency({ live, days }: Figures): string {
  const perWeek = (live * 7) / days;
  if (live === 0) return "none";
  if (perWeek >= 7) return `${(perWeek / 7).toFixed(1)} a day`;
  return perWeek >= 1
    ? `${perWeek.toFixed(1)} a week`
    : `${((live * 30) / days).toFixed(1)} a month`;
}

function besides({ live, rollbacks, byHand }: Figures): string {
  const parts = [
    `${live} live`,
    ...(rollbacks === 0 ? [] : [count(rollbacks, "rollback")]),
    ...(byHand === 0 ? [] : [`${byHand} by hand`]),
  ];
  return parts.join(", ");
}

function median(value: number | undefined): readonly [string, string] {
  return value === undefined ? ["none yet", ""] : [roughly(value), "median"];
}

import type { Finding } from "./findings.ts";
import type { Kill } from "./keeper.ts";
import { nameOf } from "./plans.ts";

/** How one story went, of whatever suite. */
export interface Result {
  readonly name: string;
  readonly hits: number;
  readonly findings: readonly Finding[];
  readonly kills: readonly Kill[];
  /** Those of them that were not reached, the last ones. */
  readonly missed?: readonly Kill[];
  readonly secondCards?: number;
  readonly unsaid?: number;
  readonly milliseconds: number;
  /** The folder with its omnibot's log. */
  readonly place?: string;
}

/** One line of the table. */
export interface Row {
  readonly suite: string;
  readonly stories: number;
  /** Distinct points of omnibot's own at which it was struck. */
  readonly points: number;
  readonly kills: number;
  /** Kills that were ordered at a point that the story did not pass. */
  readonly missed: number;
  readonly doubles: number;
  readonly lost: number;
  readonly wrong: number;
  readonly secondCards: number;
  readonly unsaid: number;
  readonly failed: number;
  readonly seconds: number;
}

export function rowOf(suite: string, results: readonly Result[], seconds: number): Row {
  const sum = (of: (result: Result) => number) =>
    results.reduce((total, result) => total + of(result), 0);
  const count = (type: Finding["type"]) =>
    sum(({ findings }) => findings.filter((finding) => finding.type === type).length);
  return {
    suite,
    stories: results.length,
    points: new Set(results.flatMap(struckIn)).size,
    kills: sum(({ hits }) => hits),
    missed: sum(({ missed = [] }) => missed.length),
    doubles: count("double"),
    lost: count("lost"),
    wrong: count("wrong"),
    secondCards: sum(({ secondCards = 0 }) => secondCards),
    unsaid: sum(({ unsaid = 0 }) => unsaid),
    failed: results.filter(({ findings }) => findings.length > 0).length,
    seconds: Math.round(seconds),
  };
}

/** Names of the points that a story was struck at. */
function struckIn({ kills, missed = [] }: Result): readonly string[] {
  const struck = kills.slice(0, kills.length - missed.length);
  return struck.filter((kill) => "at" in kill).map(nameOf);
}

export function totalOf(rows: readonly Row[], seconds: number): Row {
  const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
  return {
    suite: "all",
    stories: sum((row) => row.stories),
    points: sum((row) => row.points),
    kills: sum((row) => row.kills),
    missed: sum((row) => row.missed),
    doubles: sum((row) => row.doubles),
    lost: sum((row) => row.lost),
    wrong: sum((row) => row.wrong),
    secondCards: sum((row) => row.secondCards),
    unsaid: sum((row) => row.unsaid),
    failed: sum((row) => row.failed),
    seconds: Math.round(seconds),
  };
}

const columns: readonly (readonly [string, (row: Row) => number])[] = [
  ["stories", (row) => row.stories],
  ["points", (row) => row.points],
  ["kills", (row) => row.kills],
  ["not reached", (row) => row.missed],
  ["doubles", (row) => row.doubles],
  ["lost", (row) => row.lost],
  ["wrong", (row) => row.wrong],
  ["2nd cards", (row) => row.secondCards],
  ["unsaid", (row) => row.unsaid],
  ["seconds", (row) => row.seconds],
];

export function tableOf(rows: readonly Row[]): string {
  const width = Math.max(...rows.map((row) => row.suite.length), 5);
  const head = ["suite".padEnd(width), ...columns.map(([title]) => title)].join("  ");
  const lines = rows.map((row) =>
    [
      row.suite.padEnd(width),
      ...columns.map(([title, of]) => String(of(row)).padStart(title.length)),
    ].join("  "),
  );
  return [head, ...lines].join("\n");
}

export function accountOf({ name, findings, place }: Result): string {
  const lines = findings.map(({ type, what }) => `    ${type}: ${what}`);
  return [`!! ${name}${place === undefined ? "" : ` (${place})`}`, ...lines].join("\n");
}

import type { Environment } from "../../config/config.ts";
import type { Deployment } from "../../deployment/deployment.ts";
import type { Rendered } from "./render.ts";
import { progressTitle } from "./progress.ts";
import { questionOf } from "./request.ts";
import { marks } from "./rows.ts";
import { endings } from "./status.ts";
import { expand } from "./template.ts";
import { escaped, list, plain } from "./text.ts";
import { duration, momentOf } from "./time.ts";
import { subjectOf } from "./words.ts";

interface HistoryRow {
  readonly mark: string;
  readonly color: string;
  readonly title: string;
  readonly detail: string;
}

interface HistoryView {
  readonly title: string;
  readonly intro: string;
  readonly rows: readonly HistoryRow[];
  readonly note: string;
  readonly summary: string;
}

export interface HistoryContext {
  readonly environment: Environment;
  readonly now: number;
  readonly timeZone: string;
}

/** The newest deployments: what, how it ended, who asked and who approved, when, and how long it took. */
export function renderHistory(all: readonly Deployment[], context: HistoryContext): Rendered {
  const name = plain(context.environment.name, 60);
  return rendered({
    title: escaped(`History of ${name}`),
    intro:
      all.length === 0 ? "Nothing was deployed here yet." : "The newest deployments, newest first.",
    rows: all.map((one) => rowOf(one, context)),
    note: all.length === 0 ? "" : "**status #128** shows the evidence of one of them.",
    summary: `History of ${name}`,
  });
}

function rendered(view: HistoryView): Rendered {
  return { card: expand("history", view), summary: view.summary };
}

const markOf = {
  active: "running",
  live: "done",
  failed: "failed",
  rejected: "pending",
  expired: "pending",
  canceled: "pending",
} as const;

function rowOf(deployment: Deployment, context: HistoryContext): HistoryRow {
  const { state, kind } = deployment;
  const what =
    subjectOf(deployment, context.environment) ??
    (kind === "observed"
      ? progressTitle(deployment, context)
      : questionOf(deployment).slice(0, -1));
  const way = { deploy: "", rollback: ", rolled back to", observed: ", put into Git by hand" };
  const how = state === "active" ? "in work" : endings[state];
  return {
    ...marks[markOf[state]],
    title: `#${deployment.id} ${escaped(what)}${way[kind]}`,
    detail: `${how} · ${peopleAndTime(deployment, context)}`,
  };
}

/** Who asked and who approved, when it ended, and how long it took. */
export function peopleAndTime(deployment: Deployment, { now, timeZone }: HistoryContext): string {
  const { kind, requester, approvals, requestedAt, endedAt } = deployment;
  const names = approvals.map(({ person }) => escaped(person.name, 80));
  const approved = names.length === 0 ? "" : `, ${list(names)} approved`;
  const took = endedAt === undefined ? "" : ` · took ${duration(endedAt - requestedAt)}`;
  const when = momentOf(endedAt ?? requestedAt, now, timeZone);
  const did = kind === "observed" ? "changed it" : "asked";
  return `${escaped(requester.name, 80)} ${did}${approved} · ${when}${took}`;
}

import type { EnvironmentStatus, Finding } from "../../deployment/status.ts";
import { progressTitle } from "./progress.ts";
import type { RenderContext, Rendered } from "./render.ts";
import { markOf, type Row } from "./rows.ts";
import { expand } from "./template.ts";
import { escaped, list, plain } from "./text.ts";
import { roughly, timeOfDay } from "./time.ts";

type StatusRow = Pick<Row, "mark" | "color" | "word" | "detail">;

interface StatusView {
  readonly environments: readonly EnvironmentView[];
  readonly looked: string;
  readonly summary: string;
}

interface EnvironmentView {
  readonly title: string;
  readonly color: "Good" | "Attention" | "Accent";
  readonly intro: string;
  readonly rows: readonly StatusRow[];
  readonly notes: readonly { readonly text: string }[];
}

export type StatusContext = Pick<RenderContext, "now" | "timeZone"> & {
  readonly environments: Readonly<Record<string, RenderContext["environment"]>>;
};

/** From so many environments on, each gets one line only. */
const compactFrom = 3;
const mostEnvironments = 20;

export function renderStatus(
  statuses: readonly EnvironmentStatus[],
  context: StatusContext,
): Rendered {
  const view = statusView(statuses, context);
  return { card: expand("status", view), summary: view.summary };
}

function statusView(statuses: readonly EnvironmentStatus[], context: StatusContext): StatusView {
  const environments =
    statuses.length < compactFrom
      ? statuses.map((status) => environmentView(status, context))
      : [overview(statuses.slice(0, mostEnvironments))];
  return {
    environments,
    looked: `Looked at ${timeOfDay(context.now, context.timeZone, "seconds")}`,
    summary: environments.map((one) => one.title).join(", "),
  };
}

function environmentView(status: EnvironmentStatus, context: StatusContext): EnvironmentView {
  const verdict = verdictOf(status);
  return {
    title: `${plain(status.environment, 60)} ${verdict.words}`,
    color: verdict.color,
    intro: wantedOf(status, context.now),
    rows: [
      row("Image", status.image),
      row("Flux", status.flux),
      row("Pods", status.pods),
      ...(status.health.length === 0 ? [] : [row("Health", healthOf(status))]),
    ],
    notes: notesOf(status, context)
      .slice(0, 6)
      .map((text) => ({ text })),
  };
}

function overview(statuses: readonly EnvironmentStatus[]): EnvironmentView {
  const bad = statuses
    .filter((status) => !isWell(status))
    .map((status) => plain(status.environment, 60));
  return {
    title:
      bad.length === 0
        ? "All environments are well"
        : `${list(bad)} ${bad.length === 1 ? "is" : "are"} not well`,
    color: bad.length === 0 ? "Good" : "Attention",
    intro: "**status** with the name of an environment tells more.",
    rows: statuses.map((status) => ({
      ...markOf(isWell(status)),
      word: escaped(status.environment, 30),
      detail: `${escaped(status.tag.wanted ?? "not known", 60)} ${verdictOf(status).words}`,
    })),
    notes: [],
  };
}

function verdictOf(status: EnvironmentStatus): {
  readonly words: string;
  readonly color: EnvironmentView["color"];
} {
  if (!isWell(status)) return { words: "is not well", color: "Attention" };
  if (status.active !== undefined)
    return { words: "is well, a deployment is under way", color: "Accent" };
  return { words: "is well", color: "Good" };
}

function isWell(status: EnvironmentStatus): boolean {
  const conditions = [status.image, status.flux, status.pods, ...status.health];
  return (
    status.problems.length === 0 &&
    status.tag.wanted !== undefined &&
    conditions.every((one) => one.ok)
  );
}

function wantedOf({ tag }: EnvironmentStatus, now: number): string {
  if (tag.wanted === undefined) return "What Git wants is not known.";
  const since = tag.since === undefined ? "" : `, for ${roughly(now - tag.since)}`;
  return `Git wants **${escaped(tag.wanted)}**${since}${tag.by === undefined ? "" : `, by ${escaped(tag.by, 80)}`}.`;
}

function row(word: string, finding: Finding): StatusRow {
  return { ...markOf(finding.ok), word, detail: escaped(finding.sentence) };
}

function healthOf({ health }: EnvironmentStatus): Finding {
  const bad = health.filter((check) => !check.ok);
  if (bad.length > 0)
    return { ok: false, sentence: bad.map((check) => `${check.name} ${check.answer}`).join(", ") };
  return {
    ok: true,
    sentence: `${list(health.map((check) => check.name))} ${health.length === 1 ? "answers" : "answer"} well`,
  };
}

function notesOf(status: EnvironmentStatus, context: StatusContext): readonly string[] {
  const { active, last } = status;
  const environment = context.environments[status.environment];
  const notes = status.problems.map((problem) => `**Not known:** ${escaped(problem, 300)}`);
  if (active !== undefined && environment !== undefined) {
    const running = active.progress.find(
      (one) => one.state === "running" || one.state === "pending",
    );
    const at = running === undefined ? "" : `, at ${escaped(running.title, 20)}`;
    notes.push(
      `#${active.id}: ${escaped(progressTitle(active, { environment }))}${at}. ${escaped(active.requester.name, 80)} asked.`,
    );
  }
  if (last?.endedAt !== undefined) {
    notes.push(
      `#${last.id} before: ${endings[last.state]} ${roughly(context.now - last.endedAt)} ago.`,
    );
  }
  return notes;
}

const endings = {
  active: "began",
  live: "went live",
  failed: "failed",
  rejected: "was rejected",
  expired: "expired",
} as const;

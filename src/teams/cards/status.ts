import type { Deployment, Failure } from "../../deployment/deployment.ts";
import type { EnvironmentStatus, Finding } from "../../deployment/status.ts";
import { chainRows, type ChainRow } from "./chain.ts";
import type { Lock } from "../../deployment/locks.ts";
import { causeOf, failedTitle } from "./failed.ts";
import { finalTitle } from "./final.ts";
import { linked } from "./link.ts";
import { barrierWords } from "./lock-words.ts";
import { progressTitle } from "./progress.ts";
import type { RenderContext, Rendered } from "./render.ts";
import { marks, type Row } from "./rows.ts";
import { expand } from "./template.ts";
import { escaped, list, ours, plain } from "./text.ts";
import { roughly, timeOfDay } from "./time.ts";
import { subjectOf, whoOf } from "./words.ts";

type StatusRow = Pick<Row, "mark" | "color" | "word" | "detail">;

interface StatusView {
  readonly environments: readonly EnvironmentView[];
  readonly looked: string;
  readonly summary: string;
}

interface EnvironmentView {
  readonly title: string;
  readonly color: "Good" | "Attention" | "Accent" | "Warning" | "Default";
  readonly intro: string;
  readonly rows: readonly StatusRow[];
  /** What keeps people out, and what is not known. */
  readonly warnings: readonly { readonly text: string }[];
  readonly notes: readonly { readonly text: string }[];
  /** The evidence of one deployment, behind a button unless it is what was asked for. */
  readonly chain: readonly ChainRow[];
  readonly chainTitle: string;
  readonly chainId: string;
  readonly chainOpen: boolean;
}

export type StatusContext = Pick<RenderContext, "now" | "timeZone"> & {
  readonly environments: Readonly<Record<string, RenderContext["environment"]>>;
};

/** From so many environments on, each gets one line only. */
const compactFrom = 3;
const mostEnvironments = 20;
const mostNotes = 8;
const empty = {
  rows: [],
  warnings: [],
  notes: [],
  chain: [],
  chainTitle: "",
  chainId: "evidence",
  chainOpen: false,
} as const;

export function renderStatus(
  statuses: readonly EnvironmentStatus[],
  context: StatusContext,
): Rendered {
  const environments =
    statuses.length < compactFrom
      ? statuses.map((status) => environmentView(status, context))
      : [overview(statuses.slice(0, mostEnvironments))];
  return rendered(environments, context);
}

/** One deployment with all its evidence: `status #128`. */
export function renderDeployment(deployment: Deployment, context: RenderContext): Rendered {
  const { state, failure, requestedAt, endedAt } = deployment;
  const title = titleOf(deployment, context);
  const ended =
    endedAt === undefined ? "" : `, ${endings[state]} ${roughly(context.now - endedAt)} ago`;
  const view: EnvironmentView = {
    ...empty,
    title: `#${deployment.id} ${plain(title)}`,
    color: colors[state],
    intro: `${whoOf(deployment)} Begun ${roughly(context.now - requestedAt)} ago${ended}.`,
    notes: failure === undefined ? [] : [{ text: failureOf(failure) }],
    chain: chainRows(deployment, context),
    chainOpen: true,
  };
  return rendered([view], context);
}

function rendered(
  environments: readonly EnvironmentView[],
  { now, timeZone }: Pick<StatusContext, "now" | "timeZone">,
): Rendered {
  const view: StatusView = {
    environments,
    looked: `Looked at ${timeOfDay(now, timeZone, "seconds")}`,
    summary: environments.map((one) => one.title).join(", "),
  };
  return { card: expand("status", view), summary: view.summary };
}

function environmentView(status: EnvironmentStatus, context: StatusContext): EnvironmentView {
  const verdict = verdictOf(status);
  const environment = context.environments[status.environment];
  return {
    ...empty,
    title: `${plain(status.environment, 60)} ${verdict.words}`,
    color: verdict.color,
    intro: wantedOf(status, context),
    rows: [
      row("Image", status.image, context),
      row("Flux", status.flux, context),
      row("Pods", status.pods, context),
      ...(status.health?.length === 0 ? [] : [row("Health", healthOf(status), context)]),
    ],
    warnings: texts(warningsOf(status, context)),
    notes: texts(notesOf(status, context)),
    ...(environment === undefined ? {} : evidenceOf(status, { ...context, environment })),
  };
}

/** Of the deployment in work, or of the newest that ended: what is known of it. */
function evidenceOf(
  { active, followed, last, environment }: EnvironmentStatus,
  context: RenderContext,
): Partial<EnvironmentView> {
  const deployment = active ?? followed ?? last;
  if (deployment === undefined) return {};
  return {
    chain: chainRows(deployment, context),
    chainTitle: `Evidence of #${deployment.id}`,
    chainId: `evidence-${environment}`,
  };
}

function overview(statuses: readonly EnvironmentStatus[]): EnvironmentView {
  const named = (states: readonly Standing[]) =>
    statuses
      .filter((status) => states.includes(standingOf(status)))
      .map((status) => plain(status.environment, 60));
  const ill = named(["ill"]);
  const partly = named(["unknown"]);
  return {
    ...empty,
    ...overviewTitle(ill, partly),
    intro: "**status** with the name of an environment tells more.",
    // Names have any length, so they have no column of their own.
    rows: statuses.map((status) => ({
      ...markOf(standingOf(status)),
      word: "",
      detail: `**${escaped(status.environment, 60)}** ${verdictOf(status).words}: ${escaped(status.tag.wanted ?? "the tag is not known", 60)}`,
    })),
  };
}

function overviewTitle(
  ill: readonly string[],
  partly: readonly string[],
): Pick<EnvironmentView, "title" | "color"> {
  if (ill.length > 0) {
    return {
      title: `${list(ill)} ${ill.length === 1 ? "is" : "are"} not well`,
      color: "Attention",
    };
  }
  if (partly.length > 0) {
    const words = partly.length === 1 ? "is" : "are";
    return { title: `${list(partly)} ${words} well as far as is known`, color: "Warning" };
  }
  return { title: "All environments are well", color: "Good" };
}

type Standing = Finding["state"];

/** Ill, where anything is known to be; else what is not known decides. */
function standingOf(status: EnvironmentStatus): Standing {
  const { image, flux, pods, health, tag } = status;
  const states = new Set([image.state, flux.state, pods.state]);
  if (states.has("ill") || health?.some((check) => !check.ok) === true) return "ill";
  const partial =
    states.has("unknown") ||
    health === undefined ||
    tag.wanted === undefined ||
    status.unanswered.length > 0 ||
    status.problems.length > 0;
  return partial ? "unknown" : "well";
}

function verdictOf(status: EnvironmentStatus): {
  readonly words: string;
  readonly color: EnvironmentView["color"];
} {
  const busy = status.active === undefined ? "" : ", a deployment is under way";
  const locked = status.lock === undefined ? "" : lockedWords(status.lock);
  switch (standingOf(status)) {
    case "ill":
      return { words: `is not well${busy}${locked}`, color: "Attention" };
    case "unknown":
      return { words: `is only partly known${busy}${locked}`, color: "Warning" };
    case "well":
      return { words: `is well${busy}${locked}`, color: busy === "" ? "Good" : "Accent" };
  }
}

function lockedWords({ rollback }: Lock): string {
  return rollback === undefined ? ", and locked" : ", and held after a rollback";
}

function wantedOf({ tag, environment }: EnvironmentStatus, context: StatusContext): string {
  if (tag.wanted === undefined) return "What Git wants is not known.";
  const known = context.environments[environment];
  const wanted = known === undefined ? escaped(tag.wanted) : linked(tag.wanted, tag.url, known);
  const since = tag.since === undefined ? "" : `, ${sinceOf(context.now - tag.since)}`;
  const by = tag.by === undefined ? "" : `, by ${escaped(tag.by, 80)}`;
  return `Git wants **${wanted}**${since}${by}${tag.byHand === true ? ", past omnibot" : ""}.`;
}

function sinceOf(time: number): string {
  return time < 60_000 ? "since a moment ago" : `for ${roughly(time)}`;
}

function markOf(standing: Standing): Pick<Row, "mark" | "color"> {
  switch (standing) {
    case "well":
      return marks.done;
    case "ill":
      return marks.failed;
    case "unknown":
      return { mark: "?", color: "Warning" };
  }
}

function row(word: string, { state, sentence, since }: Finding, { now }: StatusContext): StatusRow {
  const ago = since === undefined ? "" : `, ${roughly(now - since)} ago`;
  return { ...markOf(state), word, detail: `${escaped(sentence)}${ago}` };
}

function healthOf({ health }: EnvironmentStatus): Finding {
  if (health === undefined) return { state: "unknown", sentence: "not known" };
  const bad = health.filter((check) => !check.ok);
  if (bad.length > 0) {
    const sentence = bad.map((check) => `${check.name} ${check.answer}`).join(", ");
    return { state: "ill", sentence };
  }
  const names = list(health.map((check) => check.name));
  return { state: "well", sentence: `${names} ${health.length === 1 ? "answers" : "answer"} well` };
}

function texts(all: readonly string[]): readonly { readonly text: string }[] {
  return all.slice(0, mostNotes).map((text) => ({ text }));
}

function warningsOf(status: EnvironmentStatus, context: StatusContext): readonly string[] {
  const { unanswered, problems, lock, freeze, maintenance } = status;
  const warnings = problems.map((problem) => `**Not known:** ${escaped(problem, 300)}`);
  if (unanswered.length > 0) {
    const silent = unanswered.map((one, i) => (i === 0 ? one : one.replace(/^The /, "the ")));
    warnings.unshift(`**Partial answer:** ${list(silent)} did not answer in time.`);
  }
  if (maintenance !== undefined)
    warnings.push(barrierWords({ state: "maintenance", reason: maintenance }, context));
  if (lock !== undefined) warnings.push(barrierWords({ state: "locked", lock }, context));
  if (freeze !== undefined) {
    const barrier = { state: "frozen", environment: status.environment, freeze } as const;
    warnings.push(barrierWords(barrier, context));
  }
  return warnings;
}

function notesOf(status: EnvironmentStatus, context: StatusContext): readonly string[] {
  const { active, followed, last, lastGood } = status;
  const environment = context.environments[status.environment];
  if (environment === undefined) return [];
  const notes: string[] = [];
  for (const one of [active, followed]) if (one !== undefined) notes.push(workOf(one, environment));
  if (last?.endedAt !== undefined) {
    const ago = roughly(context.now - last.endedAt);
    const what = subjectOf(last, environment);
    const named = what === undefined ? "" : `, ${escaped(what)},`;
    notes.push(`Last: **#${last.id}**${named} ${endings[last.state]} ${ago} ago.`);
  }
  if (lastGood?.endedAt !== undefined && lastGood.id !== last?.id) {
    const good = subjectOf(lastGood, environment) ?? `#${lastGood.id}`;
    const ago = roughly(context.now - lastGood.endedAt);
    notes.push(`Last good: **${escaped(good)}**, proven ${ago} ago by #${lastGood.id}.`);
  }
  return notes;
}

/** What is in work, and what it waits for. */
function workOf(active: Deployment, environment: RenderContext["environment"]): string {
  const running = active.progress.find((one) => one.state === "running" || one.state === "pending");
  const at = running === undefined ? "" : `, at ${escaped(running.title, 20)}`;
  const waits = running?.sentence === undefined ? "" : `: ${escaped(running.sentence)}`;
  const title = escaped(progressTitle(active, { environment }));
  const end = /[.!?…]$/.test(waits) ? "" : ".";
  const who = active.kind === "observed" ? "changed it" : "asked";
  return `#${active.id}: ${title}${at}${waits}${end} ${escaped(active.requester.name, 80)} ${who}.`;
}

/** What is wrong, and the code that docs/troubleshooting.md lists it by. */
function failureOf(failure: Failure): string {
  return `**${ours(causeOf(failure).sentence)}** ${escaped(failure.detail)} (${escaped(failure.code, 60)})`;
}

function titleOf(deployment: Deployment, context: RenderContext): string {
  switch (deployment.state) {
    case "active":
    case "rejected":
    case "expired":
    case "canceled":
      return progressTitle(deployment, context);
    case "live":
      return finalTitle(deployment, context);
    case "failed":
      return failedTitle(deployment, context);
  }
}

const colors = {
  active: "Accent",
  live: "Good",
  failed: "Attention",
  rejected: "Default",
  expired: "Default",
  canceled: "Default",
} as const;

/** How a deployment stands, in the middle of a sentence. */
export const endings = {
  active: "began",
  live: "went live",
  failed: "failed",
  rejected: "was rejected",
  expired: "expired",
  canceled: "was canceled",
} as const;

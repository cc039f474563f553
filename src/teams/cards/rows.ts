import type { Deployment, Progress } from "../../deployment/deployment.ts";
import { lookAt } from "../../deployment/look-at.ts";
import { linked } from "./link.ts";
import { count, escaped, list } from "./text.ts";
import { duration, timeOfDay } from "./time.ts";
import { short, shortDigest, type CardContext } from "./words.ts";

/** One line of the story: a mark, a word, how it went, how long it took. */
export interface Row {
  readonly mark: string;
  readonly color: "Good" | "Accent" | "Attention" | "Warning" | "Default";
  readonly word: string;
  readonly weight: "Bolder" | "Default";
  readonly detail: string;
  readonly time: string;
  readonly subtle: boolean;
}

export const marks = {
  done: { mark: "✓", color: "Good" },
  running: { mark: "●", color: "Accent" },
  failed: { mark: "✕", color: "Attention" },
  pending: { mark: "○", color: "Default" },
} as const;

export function rowOf(progress: Progress, deployment: Deployment, context: CardContext): Row {
  const pending = progress.state === "pending";
  return {
    ...marks[progress.state],
    word: escaped(progress.title, 20),
    weight: pending ? "Default" : "Bolder",
    detail: detailOf(progress, deployment, context),
    time: timeOf(progress, context.now),
    subtle: pending,
  };
}

function timeOf(progress: Progress, now: number): string {
  if (progress.state === "pending" || progress.startedAt === undefined) return "";
  return duration((progress.endedAt ?? now) - progress.startedAt);
}

function detailOf(progress: Progress, deployment: Deployment, context: CardContext): string {
  const sentence = escaped(progress.sentence ?? "", context.room.sentence);
  switch (progress.state) {
    case "pending":
      return toCome[progress.step]?.(context) ?? "";
    case "running":
      if (progress.step === "build") return runningBuild(deployment, sentence, context);
      return withAdvice(sentence || "begins", progress, deployment);
    case "failed":
      return sentence || "failed";
    case "done":
      return doneDetails[progress.step]?.(deployment, context) ?? sentence;
  }
}

/** What a done step proved, with its link. A step that is not named here is told by its own sentence. */
const doneDetails: Readonly<
  Record<string, (deployment: Deployment, context: CardContext) => string | undefined>
> = {
  approve: ({ approvals, evidence }, { timeZone, room }) => {
    const last = approvals.at(-1);
    if (last === undefined) return undefined;
    const names = approvals.map((approval) => escaped(approval.person.name, 80));
    const news = escaped(evidence.proposal?.news?.join(" ") ?? "", room.sentence);
    const since = news === "" ? "" : `. **Since it was asked for:** ${news}`;
    return `by ${list(names)} at ${timeOfDay(last.at, timeZone)}${since}`;
  },
  build: ({ evidence: { run } }, { environment }) =>
    run && `${linked(`run ${run.id}`, run.url, environment)} from ${escaped(short(run.commit))}`,
  "verify-image": ({ evidence: { image } }) =>
    image && `in the registry, ${escaped(shortDigest(image.digest))}`,
  "open-change": ({ evidence: { change } }, { environment }) =>
    change && `${linked(`pull request ${change.pullRequest}`, change.url, environment)}, one line`,
  "merge-change": ({ evidence: { merge } }, { environment }) =>
    merge && linked(short(merge.commit), merge.url, environment),
  sync: ({ evidence: { release, rollout } }) => {
    const version = release?.version ?? rollout?.release;
    return version === undefined ? undefined : `applied, release ${version}`;
  },
  "roll-out": ({ evidence: { rollout } }) =>
    rollout && `${rollout.podsReady} of ${rollout.pods} ready`,
};

/** A suspicion may pass; whoever wants to look already is told where. */
function withAdvice(sentence: string, { step }: Progress, { evidence }: Deployment): string {
  const code = step === "roll-out" ? evidence.rollout?.suspicion?.code : undefined;
  const advice = code === undefined ? undefined : lookAt[code];
  if (advice === undefined) return sentence;
  return `${sentence}${/[.!?…]$/.test(sentence) ? "" : "."} **${advice}**`;
}

const toCome: Readonly<Record<string, (context: CardContext) => string>> = {
  "check-health": ({ environment }) =>
    environment.health.length === 0 ? "" : `${count(environment.health.length, "check")} to come`,
};

function runningBuild(
  deployment: Deployment,
  sentence: string,
  { environment }: CardContext,
): string {
  const { run } = deployment.evidence;
  if (run === undefined) return sentence || "begins";
  const link = linked(`run ${run.id}`, run.url, environment);
  return sentence === "" ? link : `${link} · ${sentence}`;
}

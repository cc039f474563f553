import type { Environment } from "../../config/config.ts";
import { causes, serviceNames } from "../../deployment/causes.ts";
import type { Deployment, Failure } from "../../deployment/deployment.ts";
import { buttons, type Link } from "./link.ts";
import { evidenceLinks } from "./progress.ts";
import { marks, rowOf, type Row } from "./rows.ts";
import { escaped, list, logLine, ours, plain } from "./text.ts";
import {
  askedTag,
  formerBuild,
  onEnvironment,
  subjectOf,
  type CardContext,
  whoOf,
} from "./words.ts";

export interface FailedView {
  readonly id: number;
  readonly title: string;
  readonly cause: string;
  /** What Git wants after this. */
  readonly left: string;
  /** What became of it since, or how it looks now. */
  readonly since: string;
  readonly excerptTitle: string;
  readonly excerpt: readonly { readonly text: string }[];
  readonly remedy: string;
  readonly rows: readonly Row[];
  /** The button that asks to go back; "" for none. */
  readonly rollback: string;
  readonly links: readonly Link[];
  readonly summary: string;
}

/** The failure: what is wrong, what was seen, what to do next. */
export function failedView(deployment: Deployment, context: CardContext): FailedView {
  const { failure } = deployment;
  const { room, environment } = context;
  const lines = failure?.excerpt?.lines.slice(-room.lines) ?? [];
  const { sentence, remedy } = causeOf(failure);
  const title = failedTitle(deployment, context);
  const rollback = offerOf(failure);
  return {
    id: deployment.id,
    title: escaped(title),
    cause: `**${ours(sentence)}** ${escaped(failure?.detail ?? "", room.sentence)}`.trimEnd(),
    left: [deployment.kind === "observed" ? whoOf(deployment) : "", leftOf(deployment, context)]
      .filter((part) => part !== "")
      .join(" "),
    since: sinceOf(deployment, context),
    excerptTitle: escaped(failure?.excerpt?.title ?? ""),
    excerpt: lines.map((line) => ({ text: logLine(line, room.line) })),
    remedy: `**What to do:** ${ours(remedy)}`,
    rows: rowsOf(deployment, context),
    rollback,
    links: buttons(
      [["Look at it", linkOf(deployment)], ...evidenceLinks(deployment)],
      environment,
      rollback === "" ? 0 : 1,
    ),
    summary: `${title}: ${plain(sentence)}`,
  };
}

/** The words of a cause; a row of another version may carry a code that this one does not know (P18). */
export function causeOf(failure: Failure | undefined): {
  readonly sentence: string;
  readonly remedy: string;
} {
  const known: Readonly<Record<string, { readonly sentence: string; readonly remedy: string }>> =
    causes;
  const code = failure?.code ?? "internal-error";
  const { sentence, remedy } =
    (Object.hasOwn(known, code) ? known[code] : undefined) ?? causes["internal-error"];
  const name = failure?.service === undefined ? undefined : serviceNames[failure.service];
  return { sentence: naming(name, sentence), remedy: naming(name, remedy) };
}

/** Where a cause is about some service, and it is known which, its name says more. */
function naming(name: string | undefined, words: string): string {
  return name === undefined ? words : words.replace(/^A service|(?<=\b)that service/, name);
}

/** Plain text. */
export function failedTitle(
  deployment: Deployment,
  { environment }: Pick<CardContext, "environment">,
): string {
  const code = deployment.failure?.code;
  const subject =
    subjectOf(deployment, environment) ??
    (code === "already-live" ? askedTag(deployment, environment) : undefined);
  if (subject === undefined && deployment.kind === "observed")
    return `The file of ${plain(deployment.environment)} cannot be used any more`;
  if (subject === undefined) return `Nothing was deployed to ${plain(deployment.environment)}`;
  const where = onEnvironment(subject, deployment.environment);
  if (code === "already-live") return `${subject} is live already${where}`;
  if (code?.startsWith("health-") === true) return `${subject} runs${where}, but not well`;
  return `${subject} is not live${where}`;
}

/** The failure's own page, unless one of the other buttons opens it already. */
function linkOf({ failure, evidence }: Deployment): string | undefined {
  const { run, change, merge, edit } = evidence;
  return [run?.url, change?.url, merge?.url, edit?.url].includes(failure?.url)
    ? undefined
    : failure?.url;
}

/** Says what Git wants now, where that is certain: before the merge nothing was changed. */
function leftOf(deployment: Deployment, { environment }: CardContext): string {
  const { merge, change, proposal, edit } = deployment.evidence;
  const wanted = change?.to ?? edit?.to;
  // Whoever was overtaken does not know what Git wants by now.
  if (deployment.failure?.code === "superseded") return "";
  if (merge !== undefined && wanted !== undefined) {
    return `Git wants ${escaped(wanted)} now.${backOf(deployment, environment)}`;
  }
  const untouched =
    deployment.progress.find((one) => one.step === "merge-change")?.state === "pending";
  return untouched && proposal !== undefined
    ? `Git was not changed: it still wants ${escaped(proposal.liveTag)}.`
    : "";
}

/** What is done to go back, or what people can do. */
function backOf(deployment: Deployment, environment: Environment): string {
  const { wayBack } = deployment.failure ?? {};
  if (wayBack?.asked !== undefined) {
    const tag = escaped(wayBack.tag, 60);
    return wayBack.automatic === true
      ? ` **omnibot goes back to ${tag} by itself**, with #${wayBack.asked}: this environment is configured so.`
      : ` #${wayBack.asked} was asked to go back to ${tag}.`;
  }
  const usual = deployment.kind === "rollback" ? undefined : formerBuild(deployment, environment);
  const build = wayBack?.build ?? usual;
  return build === undefined
    ? ""
    : ` To go back: **rollback ${escaped(deployment.environment)} ${build}**.`;
}

/** Whom to ask is decided at the click: here it is only whether anybody asked already. */
function offerOf(failure: Failure | undefined): string {
  const { wayBack } = failure ?? {};
  return wayBack === undefined || wayBack.asked !== undefined
    ? ""
    : `Roll back to ${wayBack.build}`;
}

/** A failure is followed until Flux has settled: the card tells how that goes. */
function sinceOf({ failure, following }: Deployment, { room }: CardContext): string {
  if (failure?.aftermath !== undefined) {
    return `**Since then:** ${escaped(failure.aftermath.sentence, room.sentence)}`;
  }
  if (following === undefined) return "";
  const now = following.sentence;
  const news = now === "" || now === failure?.detail ? "" : ` Now: ${escaped(now, room.sentence)}`;
  return `omnibot goes on watching, and corrects this should it heal.${news}`;
}

/** The last step that went well, the one that failed, and in one line what was not reached. */
function rowsOf(deployment: Deployment, context: CardContext): readonly Row[] {
  const { progress, failure } = deployment;
  const at = progress.findIndex((one) => one.state === "failed");
  const told = progress.slice(Math.max(0, at - 1), at + 1).map((one): Row => {
    const row = rowOf(one, deployment, context);
    // What is wrong stands above; once is enough.
    return one.state === "failed" && one.sentence === failure?.detail
      ? { ...row, detail: "ended here" }
      : row;
  });
  const rest = progress.slice(at + 1).map((one) => escaped(one.title, 20));
  if (at < 0 || rest.length === 0) return told;
  const detail = `${list(rest)} ${rest.length === 1 ? "was" : "were"} not reached`;
  return [
    ...told,
    { ...marks.pending, word: "Rest", weight: "Default", detail, time: "", subtle: true },
  ];
}

import type { Deployment } from "../../deployment/deployment.ts";
import { buttons, type Link } from "./link.ts";
import { rowOf, type Row } from "./rows.ts";
import { escaped, plain } from "./text.ts";
import { timeOfDay } from "./time.ts";
import { onEnvironment, subjectOf, whoOf, type CardContext } from "./words.ts";

export interface ProgressView {
  readonly id: number;
  readonly title: string;
  readonly intro: string;
  readonly rows: readonly Row[];
  readonly looked: string;
  readonly links: readonly Link[];
  readonly summary: string;
}

/** The work in progress: one line per step. */
export function progressView(deployment: Deployment, context: CardContext): ProgressView {
  const title = progressTitle(deployment, context);
  const { edit, proposal } = deployment.evidence;
  const former = edit === undefined ? proposal?.liveTag : undefined;
  return {
    id: deployment.id,
    title: escaped(title),
    intro: `${whoOf(deployment)}${former === undefined ? "" : ` Replaces ${escaped(former)}.`}${cancelOf(deployment)}`,
    rows: deployment.progress.map((one) => rowOf(one, deployment, context)),
    looked: `Last look ${timeOfDay(context.now, context.timeZone, "seconds")}`,
    links: buttons(evidenceLinks(deployment), context.environment),
    summary: title,
  };
}

/** What comes of a wish to stop: once it is merged, omnibot goes on. */
function cancelOf({ cancellation, evidence }: Deployment): string {
  if (cancellation === undefined) return "";
  const who = escaped(cancellation.person.name, 80);
  return evidence.merge === undefined
    ? ` **${who} cancels it.**`
    : ` ${who} wanted to cancel it, but it was merged already; **rollback** goes back.`;
}

/** Plain text. */
export function progressTitle(
  deployment: Deployment,
  { environment }: Pick<CardContext, "environment">,
): string {
  const name = plain(deployment.environment);
  if (deployment.kind === "rollback" && deployment.target.from === "build") {
    return `Rolling ${name} back to ${deployment.target.build}`;
  }
  const subject = subjectOf(deployment, environment);
  if (deployment.kind === "observed") {
    return subject === undefined
      ? `The file of ${name} was changed by hand`
      : `${subject} was put into Git by hand${onEnvironment(subject, deployment.environment)}`;
  }
  return subject === undefined
    ? `Deploying to ${name}`
    : `Deploying ${subject}${onEnvironment(subject, deployment.environment)}`;
}

/** Run, pull request, commit: wherever there is something to look at. */
export function evidenceLinks({
  evidence: { run, change, merge, edit },
}: Deployment): readonly (readonly [string, string | undefined])[] {
  return [
    ["Run", run?.url],
    ["Pull request", change?.url],
    ["Commit", merge?.url ?? edit?.url],
  ];
}

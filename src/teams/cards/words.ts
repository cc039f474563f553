import type { Environment } from "../../config/config.ts";
import type { Deployment, EditEvidence } from "../../deployment/deployment.ts";
import { buildOfTag, imageTag } from "../../deployment/image-tag.ts";
import { isAutomatic } from "../../deployment/policy.ts";
import { escaped, list, plain } from "./text.ts";

/** What every view is drawn from, beside the row itself. */
export interface CardContext {
  readonly environment: Environment;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** IANA time zone of the reader. */
  readonly timeZone: string;
  /** How much room texts from outside get; less is tried when a card would become too large. */
  readonly room: Room;
}

export interface Room {
  /** Characters of a sentence. */
  readonly sentence: number;
  /** Lines of an excerpt, and characters of each. */
  readonly lines: number;
  readonly line: number;
  /** Listed commits. */
  readonly changes: number;
}

/** Whether the request still waits for somebody to decide. */
export function isOpen(deployment: Deployment, environment: Environment): boolean {
  if (deployment.state !== "active" || isAutomatic(deployment)) return false;
  if (isApproved(deployment, environment)) return false;
  return deployment.progress.find((one) => one.state !== "done")?.step === "approve";
}

export function isApproved(deployment: Deployment, environment: Environment): boolean {
  return deployment.approvals.length >= environment.approval.required;
}

/** The tag that shall be live, as soon as it is known. */
function tagOf(deployment: Deployment, environment: Environment): string | undefined {
  const { image, change, proposal, edit, run } = deployment.evidence;
  const known = image?.tag ?? change?.to ?? proposal?.tag ?? edit?.to;
  if (known !== undefined) return known;
  return run === undefined ? undefined : imageTag(environment.image, environment.name, run);
}

/** The tag of the build that somebody asked for by its number. */
export function askedTag({ target }: Deployment, environment: Environment): string | undefined {
  if (target.from !== "build") return undefined;
  const build = { id: target.build, number: undefined };
  return imageTag(environment.image, environment.name, build);
}

/** What ships, for a title: the tag, with its environment unless the tag says it itself. Plain text. */
export function subjectOf(deployment: Deployment, environment: Environment): string | undefined {
  const tag = tagOf(deployment, environment);
  return tag === undefined ? undefined : plain(tag);
}

export function onEnvironment(subject: string, environment: string): string {
  return subject.includes(environment) ? "" : ` on ${plain(environment)}`;
}

/** The build to go back to, where the tag that was live tells it. */
export function formerBuild(deployment: Deployment, environment: Environment): number | undefined {
  const former = deployment.evidence.proposal?.liveTag;
  return former === undefined ? undefined : buildOfTag(environment.image, environment.name, former);
}

/** `Alex Wilber asked, **Megan Bowen approved**.` Of a change past omnibot, who made it. */
export function whoOf(deployment: Deployment): string {
  const { edit } = deployment.evidence;
  if (edit !== undefined) return editorOf(edit);
  if (isAutomatic(deployment))
    return "omnibot goes back by itself, as this environment is configured.";
  const asked = `${escaped(deployment.requester.name, 80)} asked`;
  const approvers = deployment.approvals.map((approval) => escaped(approval.person.name, 80));
  return approvers.length === 0 ? `${asked}.` : `${asked}, **${list(approvers)} approved**.`;
}

function editorOf({ author, from, to, commits }: EditEvidence): string {
  const who = `**${escaped(author, 80)}**`;
  const what =
    to === undefined
      ? "changed the file so that it cannot be used,"
      : `changed ${escaped(from)} to **${escaped(to)}** in Git,`;
  const others = commits > 1 ? ` The last of ${commits} commits.` : "";
  return `${who} ${what} past omnibot.${others}`;
}

/** The first seven characters of a commit. */
export function short(commit: string): string {
  return commit.slice(0, 7);
}

/** `sha256:9f3c41…` */
export function shortDigest(digest: string): string {
  return digest.length <= 13 ? digest : `${digest.slice(0, 13)}…`;
}

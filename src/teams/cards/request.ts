import type { Deployment, Proposal } from "../../deployment/deployment.ts";
import { currentStep } from "../../deployment/transitions.ts";
import { buttons, linked, type Link } from "./link.ts";
import { capital, count, countInWords, escaped, list, plain } from "./text.ts";
import { roughly, timeOfDay } from "./time.ts";
import { isOpen, short, type CardContext } from "./words.ts";

export interface Fact {
  readonly name: string;
  readonly text: string;
}

export interface RequestView {
  readonly id: number;
  readonly title: string;
  readonly intro: string;
  readonly facts: readonly Fact[];
  readonly changes: readonly { readonly text: string }[];
  readonly more: string;
  readonly workItems: readonly { readonly text: string }[];
  /** What stands in the way, and what could not be checked; each with its mark. */
  readonly warnings: readonly { readonly text: string }[];
  readonly unchecked: string;
  readonly waiting: string;
  /** Whether there are buttons: only while a decision would count. */
  readonly open: boolean;
  readonly askWhy: string;
  readonly links: readonly Link[];
  readonly summary: string;
}

/** The question: what would ship, and whom it waits for. */
export function requestView(deployment: Deployment, context: CardContext): RequestView {
  const { proposal } = deployment.evidence;
  const { environment } = context;
  const title = questionOf(deployment);
  return {
    id: deployment.id,
    title: escaped(title),
    intro: introOf(deployment, context),
    facts: proposal === undefined ? [] : factsOf(deployment, proposal),
    ...changesOf(proposal, context),
    workItems: workItemsOf(proposal, context),
    ...warningsOf(deployment, context),
    waiting: waitingOf(deployment, context),
    open: proposal !== undefined && isOpen(deployment, environment),
    askWhy: `A word to ${plain(deployment.requester.name, 80)}, please`,
    links: buttons([pageOf(proposal)], environment),
    summary: `${title} ${plain(deployment.requester.name, 80)} asks.`,
  };
}

/** The question in the title. Plain text. */
export function questionOf(deployment: Deployment): string {
  const environment = plain(deployment.environment);
  if (deployment.target.from !== "build") return `Deploy to ${environment}?`;
  const { build } = deployment.target;
  return deployment.kind === "rollback"
    ? `Roll back ${environment} to ${build}?`
    : `Deploy ${build} to ${environment}?`;
}

function introOf(deployment: Deployment, context: CardContext): string {
  const { environment } = context;
  const who = `**${escaped(deployment.requester.name, 80)}**`;
  const { proposal, run } = deployment.evidence;
  if (proposal === undefined)
    return `${who} asks. ${troubleOf(deployment, context) || "omnibot looks up what would ship."}`;
  const { commit } = proposal;
  const at = commit === undefined ? "" : ` at ${linked(short(commit.id), commit.url, environment)}`;
  if (deployment.target.from !== "build")
    return `${who} asks to ship **${escaped(proposal.branch ?? "")}**${at}`;
  const build =
    run === undefined
      ? `build ${deployment.target.build}`
      : linked(`build ${run.id}`, run.url, environment);
  return `${who} asks to bring ${deployment.kind === "rollback" ? "back " : ""}${build}${at === "" ? "" : `, made from ${at.slice(4)}`}`;
}

function factsOf(deployment: Deployment, proposal: Proposal): readonly Fact[] {
  const since =
    proposal.liveSince === undefined
      ? ""
      : `, for ${roughly(deployment.requestedAt - proposal.liveSince)}`;
  const facts = [{ name: "Live now", text: escaped(proposal.liveTag) + since }];
  if (proposal.tag !== undefined)
    facts.push({ name: "Would be live", text: escaped(proposal.tag) });
  const amount = proposal.changeCount ?? proposal.changes?.length;
  const back = deployment.kind === "rollback";
  if (amount !== undefined) {
    const name = back ? "Takes back" : "Would ship";
    facts.push({ name, text: shipped(amount, proposal) });
  } else if (!back) {
    facts.push({ name: "Would ship", text: "which commits, is not known" });
  }
  return facts;
}

function shipped(amount: number, proposal: Proposal): string {
  if (amount === 0) return "no commit";
  const changes = proposal.changes ?? [];
  const authors = new Set(changes.map((change) => change.author));
  const people =
    changes.length === amount && !authors.has(undefined)
      ? ` by ${count(authors.size, "person", "people")}`
      : "";
  const atLeast = proposal.changesAtLeast === true ? "at least " : "";
  return atLeast + count(amount, "commit") + people;
}

function changesOf(
  proposal: Proposal | undefined,
  context: CardContext,
): Pick<RequestView, "changes" | "more"> {
  const all = proposal?.changes ?? [];
  const shown = all.slice(0, context.room.changes);
  const left = (proposal?.changeCount ?? all.length) - shown.length;
  const rest = proposal?.changesAtLeast === true ? "more" : `${left} more`;
  const more = linked(rest, proposal?.changesUrl, context.environment);
  return {
    changes: shown.map((change) => {
      const [subject = ""] = (change.message ?? "").split("\n");
      const author = change.author === undefined ? "" : ` · ${escaped(change.author, 60)}`;
      const text = `${linked(short(change.id), change.url, context.environment)} ${escaped(subject, 100)}${author}`;
      return { text };
    }),
    more: shown.length > 0 && left > 0 ? `and ${more}` : "",
  };
}

function workItemsOf(
  proposal: Proposal | undefined,
  { environment, room }: CardContext,
): readonly { readonly text: string }[] {
  return (proposal?.workItems ?? []).slice(0, room.changes).map(({ id, title = "", url }) => ({
    text: `${linked(`#${id}`, url, environment)} ${escaped(title, 100)}`.trimEnd(),
  }));
}

/** The page that shows what would ship. */
function pageOf(proposal: Proposal | undefined): readonly [string, string | undefined] {
  return proposal?.changesUrl === undefined
    ? ["Commit", proposal?.commit?.url]
    : ["All changes", proposal.changesUrl];
}

/** How many warnings a card shows. */
const shownWarnings = 5;

function warningsOf(
  { override, evidence: { proposal } }: Deployment,
  { room }: CardContext,
): Pick<RequestView, "warnings" | "unchecked"> {
  const { warnings = [], unchecked = [] } = proposal ?? {};
  const shown = warnings.slice(0, shownWarnings).map((one) => `⚠ ${escaped(one, room.sentence)}`);
  if (override !== undefined)
    shown.unshift(`⚠ **Goes past locks and freezes:** ${escaped(override.reason, room.sentence)}`);
  const left = warnings.length - shown.length;
  if (left > 0) shown.push(`⚠ and ${left} more`);
  const what = unchecked.map((one) => escaped(one, Math.min(room.sentence, 160)));
  return {
    warnings: shown.map((text) => ({ text })),
    unchecked: what.length === 0 ? "" : `Could not be checked: ${what.join("; ")}.`,
  };
}

/** What keeps omnibot from asking, where it said so. */
function troubleOf({ progress }: Deployment, { room }: CardContext): string {
  return escaped(currentStep({ progress })?.sentence ?? "", room.sentence);
}

function waitingOf(deployment: Deployment, context: CardContext): string {
  const { environment, timeZone } = context;
  if (!Number.isFinite(environment.approval.required)) return troubleOf(deployment, context);
  const left = environment.approval.required - deployment.approvals.length;
  const names = deployment.approvals.map((approval) => escaped(approval.person.name, 80));
  const soFar = names.length === 0 ? "" : `**${list(names)}** approved. `;
  const wanted = countInWords(left, names.length === 0 ? "approval" : "more approval");
  const until = timeOfDay(deployment.expiresAt, timeZone);
  return `${soFar}${capital(`waiting for ${wanted}, until ${until}`)}. Not from ${escaped(deployment.requester.name, 80)}.`;
}

import type { Environment } from "../config/config.ts";
import type { Deployment, Failure, Person } from "../deployment/deployment.ts";
import { groupOf, isAutomatic } from "../deployment/policy.ts";
import { causeOf, failedTitle } from "./cards/failed.ts";
import { finalTitle, tookOf } from "./cards/final.ts";
import { escaped, list, ours, plain } from "./cards/text.ts";
import { isApproved, isOpen } from "./cards/words.ts";
import type { Message } from "./conversations.ts";

/** A message of its own in the thread. Each name is sent once. */
export interface Reply {
  readonly name: "ask" | "decision" | "end" | "after" | `end-${number}` | `after-${number}`;
  readonly message: Message;
  /** Entra object ids of those whom it has to mention besides, as far as their names can be read. */
  readonly to?: readonly string[];
}

/** More than these are no addressees any more, but a crowd. */
const mostAsked = 10;

/**
 * What a person must be told, beside the card: that somebody decided, and how it ended. An edited card rings no bell, so
 * the end mentions who asked; everything else is for the card alone (P20).
 */
export function repliesOf(deployment: Deployment, environment: Environment): readonly Reply[] {
  const replies: Reply[] = [];
  const to = askedOf(deployment, environment);
  if (to.length > 0) {
    const words = `#${deployment.id} waits for a decision of yours: the card above shows what would ship.`;
    replies.push({ name: "ask", message: text(words), to });
  }
  if (isApproved(deployment, environment)) {
    const names = deployment.approvals.map(
      (approval) => `**${escaped(approval.person.name, 80)}**`,
    );
    replies.push({ name: "decision", message: text(`${list(names)} approved #${deployment.id}.`) });
  }
  const end = isQuiet(deployment) ? undefined : endOf(deployment, environment);
  // There is nobody behind what omnibot does by itself, and nobody of Teams behind what it only follows.
  const isNobody = isAutomatic(deployment) || deployment.kind === "observed";
  const toRequester = (words: string) =>
    isNobody ? text(words) : mentioning([deployment.requester], words);
  // After a failed step was tried again, the end is told anew.
  const { retries } = deployment;
  const again = <Name extends "end" | "after">(name: Name) =>
    retries === undefined ? name : (`${name}-${retries}` as const);
  if (end !== undefined) replies.push({ name: again("end"), message: toRequester(end) });
  const after = afterOf(deployment, environment);
  if (after !== undefined) replies.push({ name: again("after"), message: toRequester(after) });
  return replies;
}

/** Who can decide now, where the configuration wants them to be mentioned; whoever asked cannot. */
function askedOf(deployment: Deployment, environment: Environment): readonly string[] {
  const { approval } = environment;
  const asks = isOpen(deployment, environment) && deployment.evidence.proposal !== undefined;
  if (!approval.mention || !asks || deployment.approvals.length > 0) return [];
  const requester = deployment.requester.id.toLowerCase();
  return approval.approvers
    .filter((one) => groupOf(one) === undefined && one.toLowerCase() !== requester)
    .slice(0, mostAsked);
}

/** A change by hand that went well: nobody asked, and its card says so. */
function isQuiet({ kind, state, healed }: Deployment): boolean {
  return kind === "observed" && state === "live" && healed === undefined;
}

/** What people must know after they were told that it failed: it is live after all, or something else runs again. */
function afterOf(deployment: Deployment, environment: Environment): string | undefined {
  if (deployment.healed !== undefined && deployment.state === "live") {
    return `**${escaped(finalTitle(deployment, { environment }))}.** What was told before has healed.`;
  }
  const aftermath = deployment.failure?.aftermath;
  if (aftermath?.rolledBack !== true) return undefined;
  const { change, edit } = deployment.evidence;
  const wanted = change?.to ?? edit?.to;
  const git = wanted === undefined ? "" : ` Git still wants ${escaped(wanted)}.`;
  return `**${escaped(aftermath.sentence)}**${git}`;
}

function endOf(deployment: Deployment, environment: Environment): string | undefined {
  const number = `#${deployment.id}`;
  switch (deployment.state) {
    case "active":
      return undefined;
    case "live":
      // It was told as it looked then.
      if (deployment.healed !== undefined)
        return failureOf(deployment, deployment.healed, environment);
      return `**${escaped(finalTitle(deployment, { environment }))}**, after ${tookOf(deployment)}.`;
    case "failed":
      return failureOf(deployment, deployment.failure, environment);
    case "rejected": {
      const { rejection } = deployment;
      if (rejection === undefined) return `${number} was rejected.`;
      return `**${escaped(rejection.person.name, 80)} rejected ${number}:** ${escaped(rejection.reason)}`;
    }
    case "canceled": {
      const who = escaped(deployment.cancellation?.person.name ?? "Somebody", 80);
      const left = deployment.progress.find((one) => one.state === "failed")?.sentence ?? "";
      return `**${who} canceled ${number}.** ${escaped(left)}`.trimEnd();
    }
    case "expired":
      return `Nobody approved ${number} in time. Ask again when an approver is there.`;
  }
}

function failureOf(
  deployment: Deployment,
  failure: Failure | undefined,
  environment: Environment,
): string {
  const { sentence } = causeOf(failure);
  const detail = escaped(failure?.detail ?? "", 300);
  const title = failedTitle({ ...deployment, ...(failure && { failure }) }, { environment });
  const back =
    failure?.wayBack?.automatic === true
      ? ` **omnibot goes back to ${escaped(failure.wayBack.tag, 60)} by itself.**`
      : "";
  return `**${escaped(title)}.** ${ours(sentence)} ${detail}`.trimEnd() + back;
}

function text(words: string): Message {
  return { type: "message", text: words, textFormat: "markdown" };
}

/**
 * Mentions people by Entra object id; each tag in the text has to be exactly the entity's
 * (https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/channel-and-group-conversations).
 */
export function mentioning(people: readonly Person[], words: string): Message {
  const mentions = people.map((person) => {
    const name = xml(plain(person.name, 80)) || "you";
    const mentioned = { id: person.id, name: plain(person.name, 80) };
    return { type: "mention", text: `<at>${name}</at>`, mentioned };
  });
  const tags = mentions.map((mention) => mention.text).join(" ");
  return { ...text(`${tags} ${words}`), entities: mentions };
}

function xml(name: string): string {
  return name
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

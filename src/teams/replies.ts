import type { Environment } from "../config/config.ts";
import type { Deployment, Person } from "../deployment/deployment.ts";
import { isAutomatic } from "../deployment/policy.ts";
import { causeOf, failedTitle } from "./cards/failed.ts";
import { finalTitle, tookOf } from "./cards/final.ts";
import { escaped, list, ours, plain } from "./cards/text.ts";
import { isApproved } from "./cards/words.ts";
import type { Message } from "./conversations.ts";

/** A message of its own in the thread. Each name is sent once. */
export interface Reply {
  readonly name: "decision" | "end";
  readonly message: Message;
}

/**
 * What a person must be told, beside the card: that somebody decided, and how it ended. An edited card rings no bell, so
 * the end mentions who asked; everything else is for the card alone (P20).
 */
export function repliesOf(deployment: Deployment, environment: Environment): readonly Reply[] {
  const replies: Reply[] = [];
  if (isApproved(deployment, environment)) {
    const names = deployment.approvals.map(
      (approval) => `**${escaped(approval.person.name, 80)}**`,
    );
    replies.push({ name: "decision", message: text(`${list(names)} approved #${deployment.id}.`) });
  }
  const end = endOf(deployment, environment);
  if (deployment.kind === "observed") {
    // Nobody asked: the card says how it goes, and a reply only that it went wrong.
    if (end !== undefined && deployment.state === "failed")
      replies.push({ name: "end", message: text(end) });
    return replies;
  }
  if (end !== undefined) {
    // There is nobody behind what omnibot does by itself.
    const message = isAutomatic(deployment) ? text(end) : mentioning(deployment.requester, end);
    replies.push({ name: "end", message });
  }
  return replies;
}

function endOf(deployment: Deployment, environment: Environment): string | undefined {
  const number = `#${deployment.id}`;
  switch (deployment.state) {
    case "active":
      return undefined;
    case "live":
      return `**${escaped(finalTitle(deployment, { environment }))}**, after ${tookOf(deployment)}.`;
    case "failed": {
      const { sentence } = causeOf(deployment.failure);
      const detail = escaped(deployment.failure?.detail ?? "", 300);
      const { wayBack } = deployment.failure ?? {};
      const back =
        wayBack?.automatic === true
          ? ` **omnibot goes back to ${escaped(wayBack.tag, 60)} by itself.**`
          : "";
      const title = escaped(failedTitle(deployment, { environment }));
      return `**${title}.** ${ours(sentence)} ${detail}`.trimEnd() + back;
    }
    case "rejected": {
      const { rejection } = deployment;
      if (rejection === undefined) return `${number} was rejected.`;
      return `**${escaped(rejection.person.name, 80)} rejected ${number}:** ${escaped(rejection.reason)}`;
    }
    case "expired":
      return `Nobody approved ${number} in time. Ask again when an approver is there.`;
  }
}

function text(words: string): Message {
  return { type: "message", text: words, textFormat: "markdown" };
}

/**
 * Mentions a person by Entra object id; the tag in the text has to be exactly the entity's
 * (https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/channel-and-group-conversations).
 */
function mentioning(person: Person, words: string): Message {
  const name = xml(plain(person.name, 80)) || "you";
  const tag = `<at>${name}</at>`;
  const entity = {
    type: "mention",
    text: tag,
    mentioned: { id: person.id, name: plain(person.name, 80) },
  };
  return { ...text(`${tag} ${words}`), entities: [entity] };
}

function xml(name: string): string {
  return name
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

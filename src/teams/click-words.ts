import type { Environment } from "../config/config.ts";
import type { Deployment } from "../deployment/deployment.ts";
import type { GoBackAnswer } from "../deployment/going-back.ts";
import type { Decision, DecisionAnswer, RequestAnswer } from "../deployment/requests.ts";
import { requestRefusal } from "./answers.ts";
import { notAllowedWords, uncheckedWords } from "./cards/permission-words.ts";
import { renderCard, type RenderContext, type Rendered } from "./cards/render.ts";
import { list, plain } from "./cards/text.ts";
import { barrierWords, type LockContext } from "./cards/lock-words.ts";

/** The body of an answer to a click. Its HTTP status is 200 whatever it says: clients show nothing of other ones. */
export interface ClickAnswer {
  readonly statusCode: 200;
  readonly type:
    | "application/vnd.microsoft.card.adaptive"
    | "application/vnd.microsoft.activity.message";
  readonly value: unknown;
}

/** A sentence that only the person who clicked sees. */
export function sentenceAnswer(sentence: string): ClickAnswer {
  return { statusCode: 200, type: "application/vnd.microsoft.activity.message", value: sentence };
}

/** A card in the place of the one that was clicked. */
export function cardAnswer({ card }: Rendered): ClickAnswer {
  return { statusCode: 200, type: "application/vnd.microsoft.card.adaptive", value: card };
}

/** Markdown as a plain sentence. */
export function spoken(markdown: string): string {
  return plain(markdown.replaceAll("**", "").replaceAll(/\\([\\*[\]`~|_])/g, "$1"), 400);
}

/** Why the choice of a build asked for nothing. */
export function choiceRefusal(
  answer: RequestAnswer | { readonly state: "unknown" },
  environments: Readonly<Record<string, Environment>>,
  context: LockContext,
): string {
  const gone = "omnibot does not know that build any more. Say “rollback” with its number.";
  if (answer.state === "unknown") return gone;
  const asked = { kind: "rollback", environment: undefined } as const;
  const refusal = requestRefusal(answer, asked, environments, context);
  return refusal === undefined ? "This was asked for already." : spoken(refusal);
}

/** Tells the person who asked to go back what came of it. The rollback has a card of its own, and the old one loses its button. */
export function goBackAnswer(answer: GoBackAnswer, context: LockContext): ClickAnswer {
  if (answer.state === "unknown")
    return sentenceAnswer("There is nothing to go back to from here any more.");
  if ("action" in answer) return sentenceAnswer(spoken(notAllowedWords(answer)));
  const { id, requester, environment } = answer.deployment;
  switch (answer.state) {
    case "kept-out":
      return sentenceAnswer(spoken(barrierWords(answer.barrier, context)));
    case "created":
      return sentenceAnswer(
        `#${id} asks for it, below in this thread. Somebody else has to approve it.`,
      );
    case "asked":
      return sentenceAnswer(
        `${plain(requester.name, 80)} has asked for this already, with #${id}.`,
      );
    case "busy":
      return sentenceAnswer(
        `${plain(environment)} is busy with #${id}. Try again when it has ended.`,
      );
    case "overtaken":
      return sentenceAnswer(
        `#${id} has changed ${plain(environment)} since. Say “rollback” with the number of a build.`,
      );
  }
}

/** Shows the person who clicked what came of it: the new card, or why nothing did. */
export function answerOf(
  answer: DecisionAnswer,
  asked: Decision,
  environments: Readonly<Record<string, Environment>>,
  context: Omit<RenderContext, "environment">,
): ClickAnswer {
  if (answer.state === "unknown")
    return sentenceAnswer("This button does not belong to a deployment of this thread.");
  const { deployment } = answer;
  const environment = environments[deployment.environment];
  if (environment === undefined)
    return sentenceAnswer(`${plain(deployment.environment)} is not configured any more.`);
  const done = ["approved", "counted", "rejected"].includes(answer.state);
  // A click that is delivered twice, or made twice, did what it says: it is no refusal.
  const again = answer.state === "already-decided" && isOwn(deployment, asked);
  if (answer.state === "kept-out")
    return sentenceAnswer(spoken(barrierWords(answer.barrier, context)));
  if (!done && !again) return sentenceAnswer(refusalOf(answer.state, deployment));
  return cardAnswer(renderCard(deployment, { environment, ...context }));
}

function isOwn(deployment: Deployment, { decision, person }: Decision): boolean {
  if (decision === "reject") return deployment.rejection?.person.id === person.id;
  return deployment.approvals.some((approval) => approval.person.id === person.id);
}

function refusalOf(
  state: Exclude<DecisionAnswer["state"], "kept-out">,
  deployment: Deployment,
): string {
  switch (state) {
    case "own-request":
      return "You asked for this deployment yourself; somebody else has to approve it.";
    case "not-permitted":
      return `You are not among the people who may decide about ${plain(deployment.environment)}.`;
    case "unchecked":
      return uncheckedWords;
    case "expired":
      return "This request has expired. Ask again to deploy.";
    case "already-decided":
      return decidedBy(deployment);
    case "approved":
    case "counted":
    case "rejected":
    case "not-open":
    case "unknown":
      return "This request does not wait for a decision now. Look at the card again in a moment.";
  }
}

function decidedBy({ rejection, approvals }: Deployment): string {
  if (rejection !== undefined)
    return `${plain(rejection.person.name, 80)} has rejected this already.`;
  const names = approvals.map((approval) => plain(approval.person.name, 80));
  return names.length === 0
    ? "This has been decided already."
    : `${list(names)} approved this already.`;
}

import type { TurnContext } from "botbuilder";
import type { Logger } from "pino";
import { z } from "zod";
import type { Config } from "../config/config.ts";
import type { Person } from "../deployment/deployment.ts";
import type { Clock } from "../deployment/ports.ts";
import type { Decision, DecisionAnswer, GoBack, Requests } from "../deployment/requests.ts";
import type { IncomingActivity } from "./activity.ts";
import { answerOf, goBackAnswer, sentenceAnswer, type ClickAnswer } from "./click-words.ts";
import { referenceOf } from "./conversations.ts";
import type { MembershipOf } from "./members.ts";
import { personOf } from "./person.ts";
import { ledgerTime, within } from "./within.ts";

export interface ClicksOptions {
  readonly config: Config;
  readonly requests: Pick<Requests, "decide" | "goBack">;
  readonly membershipOf: MembershipOf;
  /** Told what came of a decision: the card that was clicked may be an old one. */
  readonly mend: (activity: IncomingActivity, decided: DecisionAnswer) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Answers clicks. Never throws: an exception would reach the person as "Unable to reach app"
 * (microsoft/botbuilder-js#3776).
 */
export function createClicks({
  config: { environments, teams },
  requests,
  membershipOf,
  mend,
  clock,
  log,
}: ClicksOptions): (activity: IncomingActivity, context: TurnContext) => Promise<ClickAnswer> {
  return async function answerClick(activity, context) {
    try {
      const person = personOf(activity);
      if (person === undefined) return sentenceAnswer("omnibot does not know who you are.");
      const asked = readClick(activity, person);
      if (typeof asked === "string") return sentenceAnswer(asked);
      if ((await membershipOf(activity, context)) === "guest")
        return sentenceAnswer("Guests cannot decide about deployments.");
      const time = { now: clock.now(), timeZone: teams.timeZone };
      if ("requester" in asked) {
        const answer = await within(ledgerTime, "the request", requests.goBack(asked));
        return goBackAnswer(answer, time);
      }
      const decided = await within(ledgerTime, "the decision", requests.decide(asked));
      mend(activity, decided);
      return answerOf(decided, asked, environments, time);
    } catch (error) {
      log.error({ err: error }, "a click could not be answered");
      return sentenceAnswer(
        "Something went wrong. The card shows in a moment whether your decision counted.",
      );
    }
  };
}

/** All that is taken from a card: what was pressed, an opaque id, and the words that somebody typed. */
const click = z.looseObject({
  action: z.looseObject({
    verb: z.enum(["approve", "reject", "rollback"]),
    data: z.looseObject({ deployment: z.int().positive(), reason: z.string().optional() }),
  }),
});

const longestReason = 200;

/** What a click asks for, or the sentence that refuses it. */
function readClick(activity: IncomingActivity, person: Person): Decision | GoBack | string {
  const { data, success } = click.safeParse(activity.value);
  if (!success) return "omnibot does not know this button.";
  const { verb, data: input } = data.action;
  if (verb === "rollback") {
    const delivery = {
      id: `click ${activity.id ?? person.id}`,
      conversation: activity.conversation.id,
      reference: referenceOf(activity),
    };
    return { deploymentId: input.deployment, requester: person, delivery };
  }
  const reason = verb === "reject" ? (input.reason ?? "").trim() : "";
  if (verb === "reject" && reason === "") return "Please say why; a word is enough.";
  if (reason.length > longestReason) return `Please say it in ${longestReason} characters.`;
  return {
    deploymentId: input.deployment,
    decision: verb,
    reason,
    person,
    conversation: activity.conversation.id,
  };
}

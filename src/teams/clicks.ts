import type { TurnContext } from "botbuilder";
import type { Logger } from "pino";
import { z } from "zod";
import type { Config } from "../config/config.ts";
import type { Person } from "../deployment/deployment.ts";
import type { Delivery } from "../deployment/ledger.ts";
import type { Clock } from "../deployment/ports.ts";
import type { GoBack, GoingBack } from "../deployment/going-back.ts";
import type { Decision, DecisionAnswer, Requests } from "../deployment/requests.ts";
import { channelOf, isPersonal, type IncomingActivity } from "./activity.ts";
import { notInPrivate } from "./answers.ts";
import { renderChosen } from "./cards/choice.ts";
import {
  answerOf,
  cardAnswer,
  choiceRefusal,
  goBackAnswer,
  sentenceAnswer,
  spoken,
  type ClickAnswer,
} from "./click-words.ts";
import { referenceOf } from "./conversations.ts";
import { tooFast, type Pace } from "./limits.ts";
import { personOf } from "./person.ts";
import type { Redraw } from "./redraw.ts";
import type { Standing } from "./standing.ts";
import { ledgerTime, within } from "./within.ts";

export interface ClicksOptions {
  readonly config: Config;
  readonly requests: Pick<Requests, "decide"> & GoingBack;
  readonly turnedAway: Standing;
  readonly paceOf: (person: string, channel: string) => Pace;
  /** Told what came of a decision: the card that was clicked may be an old one. */
  readonly mend: (activity: IncomingActivity, decided: DecisionAnswer) => void;
  readonly redraw: Redraw;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a button asks for. */
type Asked =
  | { readonly type: "decide"; readonly decision: Decision }
  | { readonly type: "rollback" | "choose"; readonly back: GoBack };

/**
 * Answers clicks. Never throws: an exception would reach the person as "Unable to reach app"
 * (microsoft/botbuilder-js#3776).
 */
export function createClicks({
  config: { environments, teams },
  requests,
  turnedAway,
  paceOf,
  mend,
  redraw,
  clock,
  log,
}: ClicksOptions): (activity: IncomingActivity, context: TurnContext) => Promise<ClickAnswer> {
  return async function answerClick(activity, context) {
    try {
      const person = personOf(activity);
      if (person === undefined) return sentenceAnswer("omnibot does not know who you are.");
      if (paceOf(person.id, channelOf(activity.conversation.id)) !== "fine")
        return sentenceAnswer(tooFast);
      if (isPersonal(activity)) return sentenceAnswer(spoken(notInPrivate));
      const asked = readClick(activity, person);
      if (typeof asked === "string") return sentenceAnswer(asked);
      const what = asked.type === "decide" ? asked.decision.decision : "rollback";
      const refusal = await turnedAway(activity, context, person, what);
      if (refusal !== undefined) return sentenceAnswer(refusal);
      return await carryOut(asked, activity);
    } catch (error) {
      log.error({ err: error }, "a click could not be answered");
      return sentenceAnswer(
        "Something went wrong. The card shows in a moment whether your decision counted.",
      );
    }
  };

  async function carryOut(asked: Asked, activity: IncomingActivity): Promise<ClickAnswer> {
    const time = { now: clock.now(), timeZone: teams.timeZone };
    switch (asked.type) {
      case "decide": {
        const decided = await within(ledgerTime, "the decision", requests.decide(asked.decision));
        mend(activity, decided);
        return answerOf(decided, asked.decision, environments, time);
      }
      case "rollback":
        return goBackAnswer(
          await within(ledgerTime, "the request", requests.goBack(asked.back)),
          time,
        );
      case "choose": {
        const chosen = await within(ledgerTime, "the request", requests.choose(asked.back));
        const done = chosen.state === "created" || chosen.state === "repeated";
        if (!done || chosen.deployment === undefined)
          return sentenceAnswer(choiceRefusal(chosen, environments, time));
        const picture = renderChosen(chosen.deployment);
        redraw(activity, picture);
        return cardAnswer(picture);
      }
    }
  }
}

/** All that is taken from a card: what was pressed, an opaque id, and the words that somebody typed. */
const click = z.looseObject({
  action: z.looseObject({
    verb: z.enum(["approve", "reject", "rollback", "choose"]),
    data: z.looseObject({ deployment: z.int().positive(), reason: z.string().optional() }),
  }),
});

const longestReason = 200;

/** What a click asks for, or the sentence that refuses it. */
function readClick(activity: IncomingActivity, person: Person): Asked | string {
  const { data, success } = click.safeParse(activity.value);
  if (!success) return "omnibot does not know this button.";
  const { verb, data: input } = data.action;
  if (verb === "rollback" || verb === "choose") {
    const back = { deploymentId: input.deployment, requester: person };
    return { type: verb, back: { ...back, delivery: deliveryOf(activity, verb) } };
  }
  const reason = verb === "reject" ? (input.reason ?? "").trim() : "";
  if (verb === "reject" && reason === "") return "Please say why; a word is enough.";
  if (reason.length > longestReason) return `Please say it in ${longestReason} characters.`;
  const { id: conversation } = activity.conversation;
  const deploymentId = input.deployment;
  return {
    type: "decide",
    decision: { deploymentId, decision: verb, reason, person, conversation },
  };
}

/**
 * A failed deployment knows whether it was gone back from. A card to choose from knows nothing: it asks for one rollback in
 * its life, whoever presses which of its buttons, and however often that is delivered.
 */
function deliveryOf(activity: IncomingActivity, verb: "rollback" | "choose"): Delivery {
  const { id = activity.from.id, replyToId, conversation } = activity;
  const place = { conversation: conversation.id, reference: referenceOf(activity) };
  if (verb === "choose" && typeof replyToId === "string")
    return { id: `choice ${replyToId}`, untilCreated: true, ...place };
  return { id: `click ${id}`, ...place };
}

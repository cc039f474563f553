import { z } from "zod";
import type { BotConnector } from "../../sandbox/bot-connector/bot-connector.ts";
import type { BotAnswer } from "../../sandbox/bot-connector/to-bot.ts";
import { cardActions } from "../../sandbox/card-text.ts";
import { adele, alex, lee, megan, type SandboxPerson } from "../../sandbox/people.ts";
import type { Kind } from "./story-plan.ts";

/** What people did, and were told. */
export interface Decided {
  /** Who was told that their decision counts. */
  readonly deciders: readonly string[];
  /** Whether whoever asked was told that somebody else has to approve. */
  readonly refused: boolean;
  /** Whether somebody was told that a decision counts which came too late. */
  readonly lateCounted: boolean;
}

/** The people of one story. */
export interface Deciders {
  /** Clicks on the card that asks, if it is time to; `over` when nothing is to decide any more. */
  decide(card: string | undefined, over: boolean): Promise<void>;
  /** Whether the last word was said, too late. */
  areDone(): boolean;
  told(): Decided;
}

/** Somebody who got no answer looks at the card again after this. Milliseconds. */
const secondThought = 1500;

/**
 * Two decide at once, as it happens; whoever asked tries to approve a request that is to be rejected, and when all is decided
 * somebody decides otherwise on a card that was left open.
 */
export function createDeciders(teams: BotConnector, kind: Kind): Deciders {
  const [verb, otherwise] = kind === "reject" ? ["reject", "approve"] : ["approve", "reject"];
  const deciders = new Set<string>();
  let data: object | undefined;
  let lastCard: string | undefined;
  let nextClick = 0;
  let refused = kind !== "reject";
  let late: "to come" | "refused" | "counted" = "to come";

  const click = (who: SandboxPerson, card: string, what: string) =>
    teams.click(who, card, what, { ...data, reason: "Not today" });

  return {
    async decide(card, over) {
      if (card !== undefined) {
        lastCard = card;
        data = dataOf(teams, card);
      }
      if (lastCard === undefined) return;
      if (over) {
        if (late !== "to come") return;
        const answer = await click(lee, lastCard, otherwise);
        if (answer.status === 200) late = isHonoured(answer) ? "counted" : "refused";
        return;
      }
      if (card === undefined || deciders.size > 0 || Date.now() <= nextClick) return;
      nextClick = Date.now() + secondThought;
      if (!refused) refused = isOwn(await click(alex, card, "approve"));
      await Promise.all(
        [megan, adele].map(async (person) => {
          if (isHonoured(await click(person, card, verb))) deciders.add(person.name);
        }),
      );
    },
    areDone: () => late !== "to come",
    told: () => ({
      deciders: [...deciders],
      refused: refused && kind === "reject",
      lateCounted: late === "counted",
    }),
  };
}

function dataOf(teams: BotConnector, card: string): object | undefined {
  const post = teams.posts().find((one) => one.id === card);
  const button = cardActions(post?.latest.card).find((action) => action.verb === "approve");
  return typeof button?.data === "object" && button.data !== null ? button.data : undefined;
}

/** Whether the person was told that the decision counts: the answer is the new card. */
function isHonoured({ status, body }: BotAnswer): boolean {
  const answer = z.object({ statusCode: z.literal(200), value: z.looseObject({}) }).safeParse(body);
  return status === 200 && answer.success;
}

function isOwn({ body }: BotAnswer): boolean {
  return JSON.stringify(body)?.includes("You asked for this deployment yourself") ?? false;
}

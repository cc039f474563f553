import { setTimeout as delay } from "node:timers/promises";
import type { BotConnector } from "../../sandbox/bot-connector/bot-connector.ts";
import { postText } from "../../sandbox/bot-connector/threads.ts";
import { megan } from "../../sandbox/people.ts";

/** Somebody who gets no answer says it again after this, in milliseconds. */
const secondThought = 4000;
const pause = 50;

/** Somebody releases the hold that a rollback leaves behind (P11). Returns what is wrong with it, if anything. */
export async function releaseHold(
  teams: BotConnector,
  environment: string,
  within: number,
): Promise<string | undefined> {
  const end = performance.now() + within;
  let unanswered = 0;
  while (performance.now() < end) {
    const { threadId } = await teams.say(megan, `unlock ${environment}`);
    const answer = await answerIn(teams, threadId);
    if (answer.includes("is open again")) return undefined;
    // Whoever carried it out may have ended before it said so.
    if (answer.includes("is not locked"))
      return unanswered > 0 ? undefined : `the rollback did not hold ${environment}`;
    unanswered += 1;
  }
  return `nobody released the hold of ${environment}`;
}

async function answerIn(teams: BotConnector, threadId: string): Promise<string> {
  const end = performance.now() + secondThought;
  while (performance.now() < end) {
    const post = teams.thread(threadId).find(({ fromBot }) => fromBot);
    if (post !== undefined) return postText(post);
    await delay(pause);
  }
  return "";
}

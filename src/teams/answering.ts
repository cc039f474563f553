import { setTimeout as delay } from "node:timers/promises";
import type { IncomingActivity } from "./activity.ts";
import { referenceOf, type Conversations, type Message } from "./conversations.ts";
import type { Errands } from "./errands.ts";
import { TeamsError } from "./teams-error.ts";

/** Answers in the thread, after Teams has its 200, and once for each message however often it is delivered. */
export type Answering = (
  activity: IncomingActivity,
  message: () => Message | Promise<Message>,
) => void;

export interface AnsweringOptions {
  readonly errands: Errands;
  readonly isFirst: (activity: IncomingActivity) => Promise<boolean>;
  readonly conversations: Pick<Conversations, "post">;
  /** How long it waits before it says again what did not arrive, each time. Milliseconds. */
  readonly secondThoughts: readonly number[];
  /** Aborted when the process ends: what waits gives up. */
  readonly ending: AbortSignal;
}

/** Somebody waits for the answer: it waits for no longer than this where Teams asks for patience. Milliseconds. */
const longestWait = 10_000;

export function createAnswering(options: AnsweringOptions): Answering {
  const { errands, isFirst, conversations, secondThoughts, ending } = options;

  return (activity, message) =>
    errands.add("an answer", async () => {
      if (!(await isFirst(activity))) return;
      await say(referenceOf(activity), await message());
    });

  /** Says it again only where it surely did not arrive: a person would read it twice. */
  async function say(reference: string, message: Message): Promise<void> {
    for (const pause of secondThoughts) {
      try {
        return void (await conversations.post(reference, message));
      } catch (error) {
        if (!isWorthAnother(error)) throw error;
        const wait = Math.max(pause, Math.min(error.retryAfter ?? 0, longestWait));
        await delay(wait, undefined, { signal: ending }).catch(() => {});
        if (ending.aborted) throw error;
      }
    }
    await conversations.post(reference, message);
  }
}

function isWorthAnother(error: unknown): error is TeamsError {
  return error instanceof TeamsError && error.effect === "none" && error.trouble !== "invalid";
}

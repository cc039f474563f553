import type { IncomingActivity } from "./activity.ts";
import { referenceOf, type Conversations, type Message } from "./conversations.ts";
import type { Errands } from "./errands.ts";

/** Answers in the thread, after Teams has its 200, and once for each message however often it is delivered. */
export type Answering = (
  activity: IncomingActivity,
  message: () => Message | Promise<Message>,
) => void;

export interface AnsweringOptions {
  readonly errands: Errands;
  readonly isFirst: (activity: IncomingActivity) => Promise<boolean>;
  readonly conversations: Pick<Conversations, "post">;
}

export function createAnswering({ errands, isFirst, conversations }: AnsweringOptions): Answering {
  return (activity, message) =>
    errands.add("an answer", async () => {
      if (!(await isFirst(activity))) return;
      await conversations.post(referenceOf(activity), await message());
    });
}

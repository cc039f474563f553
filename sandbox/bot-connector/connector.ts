import type { SandboxPerson } from "../people.ts";
import type { Fault, JournalEntry, StandIn } from "../stand-in.ts";
import type { Wording } from "./activity.ts";
import type { Post } from "./threads.ts";
import type { BotAnswer } from "./to-bot.ts";

/** Whom a test or the demo speaks of: a person, or their key, name or id. */
export type Who = SandboxPerson | string;

export interface SayOptions extends Omit<Wording, "alsoMention"> {
  /** The thread to reply in; a new one where it is missing. */
  readonly thread?: string | undefined;
  /** In the chat of that person with the bot, where nobody has to be mentioned. */
  readonly personal?: boolean | undefined;
  /** The id of the message, instead of a new one. */
  readonly id?: string | undefined;
  readonly alsoMention?: readonly Who[] | undefined;
}

export interface Said extends BotAnswer {
  readonly threadId: string;
  readonly messageId: string;
}

export interface Clicked extends BotAnswer {
  /** The id of the invoke, by which it can be delivered again. */
  readonly id: string;
}

export interface BotConnector {
  readonly url: string;
  /** As the bot sees it in every activity. */
  readonly serviceUrl: string;
  readonly journal: readonly JournalEntry[];
  readonly faults: Fault[];
  readonly standIn: StandIn;
  /** Somebody writes in the channel. A bot that cannot be reached is a status of 0, not an error. */
  say(user: Who, text: string, options?: SayOptions): Promise<Said>;
  /**
   * Somebody clicks a button. Without `data`, what the button of that verb carries is sent, as the card shows it now; `id` is
   * the id of the click, instead of a new one.
   */
  click(user: Who, activityId: string, verb: string, data?: unknown, id?: string): Promise<Clicked>;
  /** Somebody adds the app to the team: Teams tells the bot in two ways. Returns the ids, by which they can be delivered again. */
  install(): Promise<readonly string[]>;
  /** Somebody who is no bot joins the team. */
  join(user: Who): Promise<BotAnswer>;
  /** Delivers a message or a click once more, as Teams does in doubt. */
  redeliver(id: string, as: "same-id" | "new-id"): Promise<BotAnswer>;
  /** The posts of one thread, people's too, in order. */
  thread(threadId: string): readonly Post[];
  /** Every post of every thread, in order. */
  posts(): readonly Post[];
  /** What the bot did: how many posts, how many edits. */
  counts(): { readonly posts: number; readonly edits: number };
  close(): Promise<void>;
}

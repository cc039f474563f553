import { randomUUID } from "node:crypto";
import { cardActions } from "../card-text.ts";
import { alex, bot, findPerson, type SandboxPerson, team } from "../people.ts";
import { StandIn } from "../stand-in.ts";
import { type Activity, writeClick, writeJoined, writeMessage, writeWhisper } from "./activity.ts";
import type { BotConnector, Who } from "./connector.ts";
import { addControlRoutes } from "./control.ts";
import { RateLimit } from "./rate-limit.ts";
import { addConnectorRoutes } from "./rest.ts";
import { addRosterRoutes } from "./roster.ts";
import { chatOf, threadOf, Threads } from "./threads.ts";
import { deliver } from "./to-bot.ts";

export interface BotConnectorOptions {
  /** Where the bot takes its messages: `http://…/api/messages`. A function is asked for every delivery, as a load balancer. */
  readonly botUrl: string | (() => string);
  readonly port?: number;
  /** Divides the windows of the rate limits. */
  readonly speed?: number;
  /** Whether Teams' rate limits are kept; off by default. */
  readonly limits?: boolean;
}

export type { BotConnector } from "./connector.ts";

/** Serves what a bot sees of Microsoft Teams: one team, one channel, five people, no token. */
export async function startBotConnector(options: BotConnectorOptions): Promise<BotConnector> {
  const standIn = new StandIn("bot-connector");
  const threads = new Threads();
  const delivered = new Map<string, Activity>();
  const speed = options.speed ?? 1;
  const botUrl = () => (typeof options.botUrl === "string" ? options.botUrl : options.botUrl());
  addConnectorRoutes(standIn, threads, options.limits === true ? new RateLimit(speed) : undefined);

  addRosterRoutes(standIn);

  const place = (threadId: string) => ({ serviceUrl: `${standIn.url}/`, threadId, at: Date.now() });
  const send = (activity: Activity) => {
    delivered.set(activity.id, activity);
    return deliver(botUrl(), activity);
  };

  const connector: BotConnector = {
    get url() {
      return standIn.url;
    },
    get serviceUrl() {
      return `${standIn.url}/`;
    },
    journal: standIn.journal,
    faults: standIn.faults,
    standIn,

    async say(who, text, { thread, id, alsoMention, personal, ...wording } = {}) {
      const user = person(who);
      const messageId = id ?? threads.nextId();
      const threadId = personal === true ? chatOf(user.id) : (thread ?? threadOf(messageId));
      const others = alsoMention?.map(person);
      const told = { ...wording, alsoMention: others };
      const activity =
        personal === true
          ? writeWhisper(user, messageId, text, place(threadId))
          : writeMessage(user, messageId, text, told, place(threadId));
      const version = { at: Date.now(), text, summary: "", card: undefined, mentions: [] };
      if (threads.find(messageId) === undefined) {
        threads.add({ id: messageId, threadId, from: user.name, fromBot: false, version });
      }

      return { threadId, messageId, ...(await send(activity)) };
    },

    async click(who, activityId, verb, data, id) {
      const post = threads.find(activityId);
      if (post === undefined) throw new Error(`there is no post ${activityId} to click on`);
      const button = cardActions(post.latest.card).find((action) => action.verb === verb);
      const action = { verb, data: data ?? button?.data ?? {} };
      const written = writeClick(person(who), activityId, action, place(post.threadId));
      const activity = { ...written, id: id ?? written.id };
      return { id: activity.id, ...(await send(activity)) };
    },

    async install() {
      const told = (["conversationUpdate", "installationUpdate"] as const).map((type) =>
        writeJoined(alex, bot.id, type, place(team.id)),
      );
      await Promise.all(told.map(send));
      return told.map(({ id }) => id);
    },

    join(who) {
      const user = person(who);
      return send(writeJoined(user, user.id, "conversationUpdate", place(team.id)));
    },

    async redeliver(id, as) {
      const activity = delivered.get(id);
      if (activity === undefined) throw new Error(`nothing was delivered as ${id}`);
      if (as === "same-id") return deliver(botUrl(), activity);
      const fresh = activity.type === "invoke" ? `f:${randomUUID()}` : threads.nextId();
      return deliver(botUrl(), { ...activity, id: fresh });
    },

    thread: (threadId) => threads.list(threadId),
    posts: () => threads.list(),
    counts() {
      const own = threads.list().filter((post) => post.fromBot);
      return { posts: own.length, edits: own.reduce((sum, post) => sum + post.edits, 0) };
    },
    close: () => standIn.close(),
  };
  addControlRoutes(standIn, connector);
  await standIn.listen(options.port);
  return connector;
}

function person(who: Who): SandboxPerson {
  if (typeof who !== "string") return who;
  const found = findPerson(who);
  if (found === undefined) throw new Error(`the sandbox knows nobody called ${who}`);
  return found;
}

import { z } from "zod";
import { bot, channel } from "../people.ts";
import type { StandIn, StandInAnswer, StandInRequest } from "../stand-in.ts";
import type { RateLimit } from "./rate-limit.ts";
import {
  findCard,
  readVersion,
  refusalOf,
  type SentActivity,
  sentActivity,
} from "./sent-activity.ts";
import { failure, unknownConversation } from "./failure.ts";
import { channelOf, isChat, rootOf, threadOf, type Threads } from "./threads.ts";

const maxActivity = 100 * 1024;

const newConversation = z.looseObject({
  channelData: z.looseObject({ channel: z.looseObject({ id: z.string() }) }),
  activity: z.unknown(),
});

/** The Bot Connector's REST API, version 3, as far as a bot in a channel needs it. */
export function addConnectorRoutes(
  standIn: StandIn,
  threads: Threads,
  limit: RateLimit | undefined,
): void {
  const activities = "/v3/conversations/:conversation/activities";
  const write = (
    method: string,
    pattern: string,
    handler: (request: StandInRequest) => StandInAnswer,
  ) => standIn.route(method, pattern, (request) => tooMuch(request, limit) ?? handler(request));

  write("POST", "/v3/conversations", (request) => {
    const body = newConversation.safeParse(parse(request));
    if (!body.success || body.data.channelData.channel.id !== channel.id) {
      return failure(400, "BadArgument", "Only a new thread of the channel can be created");
    }
    const activity = readActivity(body.data.activity);
    if ("status" in activity) return activity;
    const id = threads.nextId();
    threads.add({ id, from: bot.name, fromBot: true, version: readVersion(activity, Date.now()) });
    return {
      status: 201,
      json: { id: threadOf(id), activityId: id, serviceUrl: `${standIn.url}/` },
    };
  });

  const post = (request: StandInRequest) => postActivity(threads, request);
  write("POST", activities, post);
  // Teams finds the thread in the conversation's id alone: the activity that is replied to need not exist.
  write("POST", `${activities}/:activity`, post);

  write("PUT", `${activities}/:activity`, (request) => {
    const activity = readActivity(parse(request));
    if ("status" in activity) return activity;
    const { conversation = "", activity: id = "" } = request.params;
    const edited = threads.edit(conversation, id, readVersion(activity, Date.now()));
    return edited === undefined ? unknownActivity() : { status: 200, json: { id } };
  });

  write("DELETE", `${activities}/:activity`, (request) => {
    const { conversation = "", activity: id = "" } = request.params;
    return threads.remove(conversation, id) ? { status: 200 } : unknownActivity();
  });
}

function postActivity(threads: Threads, request: StandInRequest): StandInAnswer {
  const activity = readActivity(parse(request));
  if ("status" in activity) return activity;
  const { conversation = "" } = request.params;
  const root = rootOf(conversation);
  const chat = isChat(conversation) && threads.has(conversation);
  if (!chat && channelOf(conversation) !== channel.id) return unknownConversation();
  if (root !== undefined && !threads.has(conversation)) return unknownConversation();
  const id = threads.nextId();
  if (activity.type === "typing") return { status: 202, json: { id } };
  const place = {
    threadId: root === undefined && !chat ? undefined : conversation,
    from: bot.name,
    fromBot: true,
  };
  const version = readVersion(activity, Date.now());
  if (version.text === "" || findCard(activity) === undefined) {
    threads.add({ id, ...place, version });
    return { status: 201, json: { id } };
  }
  // Text and card in one activity become two posts, and the bot gets no id that it could edit.
  threads.add({ id, ...place, version: { ...version, card: undefined } });
  threads.add({ id: threads.nextId(), ...place, version: { ...version, text: "" } });
  return { status: 201, json: {} };
}

function readActivity(body: unknown): SentActivity | StandInAnswer {
  const parsed = sentActivity.safeParse(body);
  if (!parsed.success) return failure(400, "BadSyntax", "The activity cannot be read");
  const refusal = refusalOf(parsed.data);
  return refusal === undefined ? parsed.data : failure(400, "BadSyntax", refusal);
}

function tooMuch(request: StandInRequest, limit: RateLimit | undefined): StandInAnswer | undefined {
  if (request.body.length > maxActivity)
    return failure(413, "MessageSizeTooBig", "Message size too large.");
  const wait = limit?.take(Date.now());
  if (wait === undefined) return undefined;
  const refused = failure(429, "TooManyRequests", "API calls quota exceeded");
  return { ...refused, headers: { "retry-after": String(Math.ceil(wait / 1000)) } };
}

function parse(request: StandInRequest): unknown {
  try {
    return request.json();
  } catch {
    return undefined;
  }
}

function unknownActivity(): StandInAnswer {
  return failure(
    404,
    "ActivityNotFoundInConversation",
    "The activity is not in this conversation.",
  );
}

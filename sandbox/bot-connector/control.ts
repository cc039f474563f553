import { z } from "zod";
import { people } from "../people.ts";
import type { StandIn, StandInAnswer, StandInRequest } from "../stand-in.ts";
import type { BotConnector } from "./connector.ts";

const say = z.strictObject({
  user: z.string(),
  text: z.string(),
  thread: z.string().optional(),
  id: z.string().optional(),
  mention: z.boolean().optional(),
  nbsp: z.boolean().optional(),
  crlf: z.boolean().optional(),
  alsoMention: z.array(z.string()).optional(),
});
const click = z.strictObject({
  user: z.string(),
  activityId: z.string(),
  verb: z.string(),
  data: z.unknown().optional(),
});
const redeliver = z.strictObject({ id: z.string(), as: z.enum(["same-id", "new-id"]) });

/** What the connector's methods do, as JSON for other processes: `POST /_sandbox/say`, `click`, `redeliver`. */
export function addControlRoutes(standIn: StandIn, connector: BotConnector): void {
  const control = <T>(path: string, schema: z.ZodType<T>, act: (body: T) => Promise<unknown>) =>
    standIn.route("POST", `/_sandbox/${path}`, (request) => answer(request, schema, act));

  control("say", say, ({ user, text, ...options }) => connector.say(user, text, options));
  control("click", click, ({ user, activityId, verb, data }) =>
    connector.click(user, activityId, verb, data),
  );
  control("redeliver", redeliver, ({ id, as }) => connector.redeliver(id, as));
  standIn.route("GET", "/_sandbox/posts", (request) => {
    const thread = request.query.get("thread");
    return { status: 200, json: thread === null ? connector.posts() : connector.thread(thread) };
  });
  standIn.route("GET", "/_sandbox/people", () => ({ status: 200, json: people }));
}

async function answer<T>(
  request: StandInRequest,
  schema: z.ZodType<T>,
  act: (body: T) => Promise<unknown>,
): Promise<StandInAnswer> {
  try {
    return { status: 200, json: await act(schema.parse(request.json())) };
  } catch (error) {
    return {
      status: 400,
      json: { message: error instanceof Error ? error.message : String(error) },
    };
  }
}

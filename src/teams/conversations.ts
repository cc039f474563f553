import type { Activity, TurnContext } from "botbuilder";
import type { ConnectorClient } from "botframework-connector";
import { z } from "zod";
import { ServiceError } from "../deployment/ports.ts";
import type { IncomingActivity } from "./activity.ts";
import type { TeamsAdapter } from "./adapter.ts";
import type { Rendered } from "./cards/render.ts";
import { isServiceUrl } from "./service-url.ts";

/** What the bot needs to speak in a thread again, from any process, at any time. */
const reference = z.object({
  serviceUrl: z.string(),
  conversation: z.object({ id: z.string(), tenantId: z.string().optional() }),
  bot: z.object({ id: z.string(), name: z.string().optional() }),
});

export type Message = Partial<Activity>;

/** Where messages go out. Errors are ServiceErrors that say whether the message may have arrived. */
export interface Conversations {
  /** Posts into the thread of the reference, once; returns the message's id. */
  post(reference: string, message: Message): Promise<string>;
  /** Replaces a message that was posted before; may be repeated. */
  edit(reference: string, id: string, message: Message): Promise<void>;
}

/** Keeps of a message what is needed to answer in its thread later. */
export function referenceOf(activity: IncomingActivity): string {
  const { conversation, recipient, serviceUrl } = activity;
  return JSON.stringify({
    serviceUrl,
    conversation: {
      id: conversation.id,
      ...(typeof conversation.tenantId === "string" ? { tenantId: conversation.tenantId } : {}),
    },
    bot: {
      id: recipient.id,
      ...(typeof recipient.name === "string" ? { name: recipient.name } : {}),
    },
  } satisfies z.infer<typeof reference>);
}

/** A message with one card and no text: Teams splits the two, and then there is no id to edit (facts/teams.md 2.2). */
export function cardMessage({ card, summary }: Rendered): Message {
  return {
    type: "message",
    summary,
    attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", content: card }],
  };
}

export function textMessage(text: string): Message {
  return { type: "message", text, textFormat: "markdown" };
}

export function createConversations(adapter: TeamsAdapter): Conversations {
  return {
    post: (stored, message) =>
      speak(stored, async (client, conversation, from) => {
        // Without replyToId: the SDK would otherwise address a random activity (facts/teams.md 2.1).
        const { id } = await client.conversations.sendToConversation(conversation, {
          ...message,
          from,
        });
        if (id === undefined || id === "")
          throw new TeamsError(undefined, "unreachable", "unknown", "Teams gave no id.");
        return id;
      }),
    edit: (stored, id, message) =>
      speak(stored, async (client, conversation, from) => {
        await client.conversations.updateActivity(conversation, id, {
          ...message,
          id,
          from,
        });
      }),
  };

  async function speak<Answer>(
    stored: string,
    say: (
      client: ConnectorClient,
      conversation: string,
      from: { id: string; name: string },
    ) => Promise<Answer>,
  ): Promise<Answer> {
    const known = reference.parse(JSON.parse(stored));
    // Stored addresses are checked again: the SDK attaches the bot's token to whatever is there (facts/teams.md 1.4).
    if (!isServiceUrl(known.serviceUrl, adapter)) {
      throw new TeamsError(
        undefined,
        "denied",
        "none",
        "The stored service URL is not one that omnibot talks to.",
      );
    }
    const { conversation, bot, serviceUrl } = known;
    const from = { id: bot.id, name: bot.name ?? "omnibot" };
    const target = {
      channelId: "msteams",
      serviceUrl,
      bot: from,
      conversation: { id: conversation.id, isGroup: true, conversationType: "channel", name: "" },
    };
    let answer: { readonly value: Answer } | undefined;
    try {
      await adapter.continueConversationAsync(
        adapter.appId,
        target,
        async (context: TurnContext) => {
          const client = context.turnState.get<ConnectorClient>(adapter.ConnectorClientKey);
          answer = { value: await say(client, conversation.id, from) };
        },
      );
    } catch (error) {
      throw error instanceof TeamsError ? error : asTeamsError(error);
    }
    if (answer === undefined)
      throw new TeamsError(undefined, "unreachable", "unknown", "Teams gave no answer.");
    return answer.value;
  }
}

/** What went wrong with a message, with the HTTP status where there was an answer. */
export class TeamsError extends ServiceError {
  readonly status: number | undefined;

  constructor(
    status: number | undefined,
    trouble: ServiceError["trouble"],
    effect: ServiceError["effect"],
    message: string,
    options: { readonly cause?: unknown; readonly retryAfter?: number | undefined } = {},
  ) {
    super("teams", trouble, effect, message, options);
    this.name = "TeamsError";
    this.status = status;
  }
}

/** What the SDK throws: a RestError of its HTTP client, or what the sign-in to Entra throws. */
const failure = z.looseObject({
  statusCode: z.number().optional(),
  code: z.string().optional(),
  errorCode: z.string().optional(),
  message: z.string().optional(),
  response: z.looseObject({ headers: z.custom<{ get(name: string): unknown }>(hasGet) }).optional(),
});

function hasGet(headers: unknown): boolean {
  return (
    typeof headers === "object" &&
    headers !== null &&
    "get" in headers &&
    typeof headers.get === "function"
  );
}

/** Errors of the connection that say that nothing was sent. */
const neverSent = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"];

/** Splits what can go wrong by whether the message may have arrived (facts/teams.md 2.5). */
function asTeamsError(error: unknown): TeamsError {
  const {
    statusCode: status,
    code = "",
    errorCode,
    message = "",
    response,
  } = failure.safeParse(error).data ?? {};
  const options = {
    cause: error,
    retryAfter: millisecondsOf(response?.headers.get("retry-after")),
  };
  const answer = `${status ?? ""} ${code}`.trim();
  if (status === 429 || status === 412) {
    return new TeamsError(
      status,
      "throttled",
      "none",
      `Teams asks for patience (${answer}).`,
      options,
    );
  }
  if (status === 401 || status === 403) {
    return new TeamsError(
      status,
      "denied",
      "none",
      `Teams does not let omnibot speak there (${answer}).`,
      options,
    );
  }
  if (status === 501 || (status !== undefined && status >= 400 && status < 500 && status !== 408)) {
    return new TeamsError(
      status,
      "invalid",
      "none",
      `Teams refused the message (${answer}).`,
      options,
    );
  }
  if (status === undefined && errorCode !== undefined) {
    return new TeamsError(
      status,
      "denied",
      "none",
      `omnibot cannot sign in to Teams (${errorCode}).`,
      options,
    );
  }
  const unsent =
    status === undefined && neverSent.some((one) => `${code} ${message}`.includes(one));
  const effect = unsent ? "none" : "unknown";
  return new TeamsError(
    status,
    "unreachable",
    effect,
    `Teams did not answer (${answer || "no connection"}).`,
    options,
  );
}

/** Seconds of a Retry-After header in milliseconds, five minutes at most. */
function millisecondsOf(header: unknown): number | undefined {
  const seconds = typeof header === "string" ? Number(header) : Number.NaN;
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 300) * 1000 : undefined;
}

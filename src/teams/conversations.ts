import type { Activity, TurnContext } from "botbuilder";
import type { ConnectorClient } from "botframework-connector";
import { z } from "zod";
import type { IncomingActivity } from "./activity.ts";
import type { TeamsAdapter } from "./adapter.ts";
import type { Rendered } from "./cards/render.ts";
import { isServiceUrl } from "./service-url.ts";
import { asTeamsError, TeamsError } from "./teams-error.ts";

/** What the bot needs to speak in a thread again, from any process, at any time. */
const reference = z.object({
  serviceUrl: z.string(),
  conversation: z.object({ id: z.string(), tenantId: z.string().optional() }),
  bot: z.object({ id: z.string(), name: z.string().optional() }),
});

export type Message = Partial<Activity>;

/** Where messages go out. Errors are TeamsErrors that say whether the message may have arrived. */
export interface Conversations {
  /** Posts into the thread of the reference, once; returns the message's id. */
  post(reference: string, message: Message): Promise<string>;
  /** Begins a thread of omnibot's own in the channel of the reference, once; returns where that is. */
  begin(reference: string, message: Message): Promise<Begun>;
  /** What somebody of the conversation is called, by their Entra object id. */
  nameOf(reference: string, id: string): Promise<string>;
  /** Replaces a message that was posted before; may be repeated. */
  edit(reference: string, id: string, message: Message): Promise<void>;
}

export interface Begun {
  /** The message's id. */
  readonly id: string;
  readonly conversation: string;
  /** Of the thread, instead of the channel's. */
  readonly reference: string;
}

/** The reference of a channel, from one of a message in it, or in another of the same team. */
export function channelReference(stored: string, channel: string): string {
  const known = reference.parse(JSON.parse(stored));
  return JSON.stringify({ ...known, conversation: { ...known.conversation, id: channel } });
}

/**
 * The reference of a channel in which nobody has spoken to omnibot yet: the public cloud's own address
 * (https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages).
 */
export function firstReference(appId: string, tenant: string, channel: string): string {
  return JSON.stringify({
    serviceUrl: "https://smba.trafficmanager.net/teams/",
    conversation: { id: channel, tenantId: tenant },
    bot: { id: `28:${appId}` },
  } satisfies z.infer<typeof reference>);
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

/** A message with one card and no text: Teams splits the two, and then there is no id to edit. */
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

/** Teams has a handful of addresses, one for each part of the world. */
const mostClients = 20;

export function createConversations(adapter: TeamsAdapter): Conversations {
  const clients = new Map<string, ConnectorClient>();
  return {
    post: (stored, message) =>
      speak(stored, async (client, conversation, from) => {
        // Without replyToId: the SDK would otherwise address a random activity (measured with botbuilder 4.23.3).
        const { id } = await client.conversations.sendToConversation(conversation, {
          ...message,
          from,
        });
        if (id === undefined || id === "")
          throw new TeamsError(undefined, "unreachable", "unknown", "Teams gave no id.");
        return id;
      }),
    begin: (stored, message) =>
      speak(stored, async (client, channel, from) => {
        const begun = await client.conversations.createConversation({
          isGroup: true,
          bot: from,
          channelData: { channel: { id: channel } },
          activity: { ...message, from } as Activity,
        });
        const conversation = begun.id ?? "";
        const id = /;messageid=(.+)$/.exec(conversation)?.[1];
        if (id === undefined)
          throw new TeamsError(undefined, "unreachable", "unknown", "Teams gave no thread.");
        return { id, conversation, reference: channelReference(stored, conversation) };
      }),
    nameOf: (stored, id) =>
      speak(stored, async (client, conversation) => {
        const { name } = await client.conversations.getConversationMember(conversation, id);
        return name;
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
    // Stored addresses are checked again: the SDK attaches the bot's token to whatever is there.
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
    try {
      const client = await clientOf(serviceUrl);
      return await say(client, conversation.id, from);
    } catch (error) {
      throw error instanceof TeamsError ? error : asTeamsError(error);
    }
  }

  /** The SDK builds two clients for every turn, which takes it longer than what they then do: one of each address is kept. */
  async function clientOf(serviceUrl: string): Promise<ConnectorClient> {
    const known = clients.get(serviceUrl);
    if (known !== undefined) return known;
    const target = {
      channelId: "msteams",
      serviceUrl,
      conversation: { id: "", isGroup: true, conversationType: "channel", name: "" },
    };
    let client: ConnectorClient | undefined;
    await adapter.continueConversationAsync(adapter.appId, target, async (context: TurnContext) => {
      client = context.turnState.get<ConnectorClient>(adapter.ConnectorClientKey);
    });
    if (client === undefined)
      throw new TeamsError(undefined, "unreachable", "none", "There is no client for Teams.");
    if (clients.size >= mostClients) clients.clear();
    clients.set(serviceUrl, client);
    return client;
  }
}

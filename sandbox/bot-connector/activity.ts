import { randomUUID } from "node:crypto";
import { isChat } from "./threads.ts";
import { bot, channel, type SandboxPerson, team, tenantId } from "../people.ts";

/** An activity as JSON: what Teams sends to a bot. */
export interface Activity {
  readonly type: string;
  readonly id: string;
  readonly conversation: { readonly id: string };
  readonly [property: string]: unknown;
}

export interface Wording {
  /** With `<at>omnibot</at>` in front, as Teams requires in a channel. Without it, as a slash command arrives. */
  readonly mention?: boolean | undefined;
  /** Non-breaking spaces, as Teams puts them: `&nbsp;` behind the mention, U+00A0 between the words. */
  readonly nbsp?: boolean | undefined;
  /** Line ends around the text. */
  readonly crlf?: boolean | undefined;
  /** Others who are mentioned at the end. */
  readonly alsoMention?: readonly SandboxPerson[] | undefined;
}

interface Place {
  readonly serviceUrl: string;
  readonly threadId: string;
  readonly at: number;
}

/** What somebody wrote in the channel, as Teams sends it. */
export function writeMessage(
  user: SandboxPerson,
  id: string,
  text: string,
  wording: Wording,
  place: Place,
): Activity {
  const others = wording.alsoMention ?? [];
  const mentioned = [...(wording.mention === false ? [] : [bot]), ...others];
  const words = wording.nbsp === true ? text.replaceAll(" ", "\u00a0") : text;
  const gap = wording.nbsp === true ? "&nbsp;" : " ";
  const own = wording.mention === false ? "" : `<at>${bot.name}</at>${gap}`;
  const tail = others.map(({ name }) => ` <at>${name}</at>`).join("");
  const line = wording.crlf === true ? "\r\n" : "";
  const html = mentioned.map(
    ({ name }, i) =>
      `<span itemscope="" itemtype="http://schema.skype.com/Mention" itemid="${i}">${name}</span>`,
  );
  return {
    ...common(user, place),
    type: "message",
    id,
    text: `${line}${own}${words}${tail}${line}`,
    textFormat: "plain",
    attachments: [
      {
        contentType: "text/html",
        content: `<div><div>${html.join("&nbsp;")}&nbsp;${escapeHtml(text)}</div></div>`,
      },
    ],
    entities: [
      ...mentioned.map(({ id: who, name }) => ({
        type: "mention",
        text: `<at>${name}</at>`,
        mentioned: { id: who, name },
      })),
      clientInfo,
    ],
    channelData: {
      teamsChannelId: channel.id,
      teamsTeamId: team.id,
      channel: { id: channel.id },
      team: { id: team.id, name: team.name, aadGroupId: team.aadGroupId },
      tenant: { id: tenantId },
    },
  };
}

/** What somebody wrote to the bot alone. */
export function writeWhisper(
  user: SandboxPerson,
  id: string,
  text: string,
  place: Place,
): Activity {
  return {
    ...common(user, place),
    type: "message",
    id,
    text,
    textFormat: "plain",
    entities: [clientInfo],
    channelData: { tenant: { id: tenantId } },
  };
}

/** That somebody, or the bot itself, is in the team now; and that the app was added to it. */
export function writeJoined(
  user: SandboxPerson,
  member: string,
  type: "conversationUpdate" | "installationUpdate",
  place: Place,
): Activity {
  const { conversation, ...rest } = common(user, place);
  return {
    ...rest,
    type,
    id: `f:${randomUUID()}`,
    conversation: { ...conversation, id: team.id },
    ...(type === "installationUpdate" ? { action: "add" } : { membersAdded: [{ id: member }] }),
    channelData: {
      ...(type === "installationUpdate" ? {} : { eventType: "teamMemberAdded" }),
      team: { id: team.id, name: team.name, aadGroupId: team.aadGroupId },
      tenant: { id: tenantId },
      settings: { selectedChannel: { id: channel.id } },
    },
  };
}

/** A click on a button of a card that a bot posted. */
export function writeClick(
  user: SandboxPerson,
  activityId: string,
  action: { readonly verb: string; readonly data: unknown },
  place: Place,
): Activity {
  return {
    ...common(user, place),
    type: "invoke",
    name: "adaptiveCard/action",
    id: `f:${randomUUID()}`,
    replyToId: activityId,
    value: { action: { type: "Action.Execute", ...action }, trigger: "manual" },
    entities: [clientInfo],
    channelData: {
      channel: { id: channel.id },
      team: { id: team.id },
      tenant: { id: tenantId },
      source: { name: "message" },
      legacy: { replyToId: `1:${activityId}` },
    },
  };
}

const clientInfo = {
  type: "clientInfo",
  locale: "en-US",
  country: "US",
  platform: "Web",
  timezone: "Europe/Berlin",
};

function common(user: SandboxPerson, { serviceUrl, threadId, at }: Place) {
  return {
    timestamp: new Date(at).toISOString(),
    localTimestamp: new Date(at).toISOString().replace("Z", "+00:00"),
    localTimezone: "Europe/Berlin",
    channelId: "msteams",
    serviceUrl,
    locale: "en-US",
    from: { id: user.id, name: user.name, aadObjectId: user.aadObjectId },
    conversation: {
      id: threadId,
      ...(isChat(threadId)
        ? { conversationType: "personal" }
        : { isGroup: true, conversationType: "channel" }),
      tenantId,
    },
    recipient: { id: bot.id, name: bot.name },
  };
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

import type { Environment, TeamsConfig } from "../config/config.ts";
import type { Place } from "../deployment/ledger.ts";
import { channelOf } from "./activity.ts";
import { channelReference, firstReference } from "./conversations.ts";

export interface ChannelPlaceOptions {
  readonly teams: TeamsConfig;
  /** The bot's app id; undefined where it has none (the sandbox). */
  readonly appId: string | undefined;
  readonly find: (channel: string) => Promise<string | undefined>;
  readonly lastConversation: (environment: string) => Promise<string | undefined>;
}

/**
 * Where to begin a thread about an environment: in the channel that the operator named, else in that of its last thread, else
 * in the first one. Undefined while omnibot does not know how to speak there.
 */
export function createChannelPlace(
  options: ChannelPlaceOptions,
): (environment: Environment) => Promise<Place | undefined> {
  const { teams, appId, find, lastConversation } = options;
  return async ({ name, channel }) => {
    const last = channel === undefined ? await lastConversation(name) : undefined;
    const conversation =
      channel ?? (last === undefined ? undefined : channelOf(last)) ?? teams.channels[0];
    if (conversation === undefined) return undefined;
    const known = await find(conversation);
    if (known !== undefined) {
      return { conversation, reference: channelReference(known, conversation) };
    }
    if (appId === undefined) return undefined;
    return { conversation, reference: firstReference(appId, teams.tenant, conversation) };
  };
}

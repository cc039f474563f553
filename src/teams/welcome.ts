import type { Config } from "../config/config.ts";
import type { Channels, Ledger } from "../deployment/ledger.ts";
import type { Clock } from "../deployment/ports.ts";
import { channelOf, isPersonal, type IncomingActivity } from "./activity.ts";
import { renderWelcome } from "./cards/welcome.ts";
import { cardMessage, channelReference, referenceOf, type Conversations } from "./conversations.ts";
import type { Errands } from "./errands.ts";
import { isBot } from "./mention.ts";
import { ledgerTime, within } from "./within.ts";

export interface WelcomeOptions {
  readonly config: Config;
  readonly deliveries: Pick<Ledger, "remember">;
  readonly channels: Pick<Channels, "remember" | "find">;
  readonly conversations: Pick<Conversations, "begin">;
  readonly errands: Errands;
  readonly clock: Clock;
}

/**
 * Introduces omnibot where it was added to a team: once, in a channel where it listens. Teams tells of it in two ways, both
 * of which may come again; people who join later are none of its business, and neither is an upgrade of the app.
 */
export function createWelcome({
  config: { teams, environments },
  deliveries,
  channels,
  conversations,
  errands,
  clock,
}: WelcomeOptions): (activity: IncomingActivity) => void {
  return function welcome(activity) {
    if (!isAdded(activity)) return;
    const [first] = teams.channels;
    const channel = placesOf(activity).find((one) => teams.channels.includes(one)) ?? first;
    if (channel === undefined) return;
    errands.add("a welcome", () =>
      introduce(channelReference(referenceOf(activity), channel), channel),
    );
  };

  async function introduce(reference: string, channel: string): Promise<void> {
    const now = clock.now();
    // Where somebody has spoken to omnibot, it is known. Of two events at the same time the ledger takes one.
    if ((await within(ledgerTime, "the ledger", channels.find(channel))) !== undefined) return;
    const once = { id: "welcome", conversation: channel };
    if (!(await within(ledgerTime, "the ledger", deliveries.remember(once, now)))) return;
    await conversations.begin(reference, cardMessage(renderWelcome(environments)));
    await within(ledgerTime, "the ledger", channels.remember(channel, reference, now));
  }
}

function isAdded(activity: IncomingActivity): boolean {
  if (isPersonal(activity) || typeof activity.channelData?.team?.id !== "string") return false;
  if (activity.type === "installationUpdate") return activity.action === "add";
  const { membersAdded } = activity;
  return (
    activity.type === "conversationUpdate" &&
    (membersAdded ?? []).some(({ id }) => isBot(id, activity))
  );
}

/** The channel that was chosen when the app was added, or the one that the event speaks of. */
function placesOf({ channelData, conversation }: IncomingActivity): readonly string[] {
  return [
    channelData?.settings?.selectedChannel?.id,
    channelData?.channel?.id,
    channelOf(conversation.id),
  ].filter((id) => typeof id === "string");
}

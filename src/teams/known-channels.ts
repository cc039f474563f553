import type { Channels } from "../deployment/ledger.ts";
import type { Clock } from "../deployment/ports.ts";
import { channelOf, type IncomingActivity } from "./activity.ts";
import { channelReference, referenceOf } from "./conversations.ts";
import type { Errands } from "./errands.ts";
import { ledgerTime, within } from "./within.ts";

export interface KnownChannelsOptions {
  readonly channels: Pick<Channels, "remember">;
  readonly clock: Clock;
  readonly errands: Errands;
}

/** Keeps what omnibot needs to begin a thread in the channel of a message: only what is new is written down. */
export function createKnownChannels({ channels, clock, errands }: KnownChannelsOptions) {
  const known = new Map<string, string>();

  return function noteChannel(activity: IncomingActivity): void {
    const channel = channelOf(activity.conversation.id);
    const reference = channelReference(referenceOf(activity), channel);
    if (known.get(channel) === reference) return;
    errands.add("a channel", async () => {
      await within(ledgerTime, "the ledger", channels.remember(channel, reference, clock.now()));
      known.set(channel, reference);
    });
  };
}

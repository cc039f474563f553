import type { Environment } from "../config/config.ts";
import type { Threads } from "../deployment/ledger.ts";
import type { Clock } from "../deployment/ports.ts";
import type { DecisionAnswer } from "../deployment/requests.ts";
import type { IncomingActivity } from "./activity.ts";
import { renderCard } from "./cards/render.ts";
import type { Errands } from "./errands.ts";
import type { Redraw } from "./redraw.ts";
import { readSent } from "./sent.ts";

export interface MenderOptions {
  readonly environments: Readonly<Record<string, Environment>>;
  readonly timeZone: string;
  readonly redraw: Redraw;
  readonly errands: Errands;
  readonly clock: Clock;
  readonly threads: Pick<Threads, "readThread" | "spoilThread">;
}

/**
 * Somebody pressed a button of a card that should have none any more: a copy whose post was in doubt, perhaps, which the
 * thread does not know. It is given its true picture, once (P15). The thread's own card is left to whoever draws the thread:
 * two who draw the same card would draw over each other.
 */
export function createMender(options: MenderOptions) {
  const { environments, timeZone, redraw, errands, clock, threads } = options;

  return function mend(activity: IncomingActivity, decided: DecisionAnswer): void {
    if (decided.state !== "already-decided" && decided.state !== "expired") return;
    const { deployment } = decided;
    const environment = environments[deployment.environment];
    if (environment === undefined) return;
    errands.add("a card that was clicked late", async () => {
      const { card } = readSent(await threads.readThread(deployment.id));
      if (card?.state === "sent" && card.id === activity.replyToId) return;
      const picture = renderCard(deployment, { environment, now: clock.now(), timeZone });
      // The thread's own card has no id until its post is answered: it may be this one, and newer pictures have gone there.
      redraw(activity, picture, () => threads.spoilThread(deployment.id));
    });
  };
}

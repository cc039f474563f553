import type { Environment } from "../config/config.ts";
import type { Clock } from "../deployment/ports.ts";
import type { DecisionAnswer } from "../deployment/requests.ts";
import type { IncomingActivity } from "./activity.ts";
import { renderCard } from "./cards/render.ts";
import { cardMessage, referenceOf, type Conversations } from "./conversations.ts";
import type { Errands } from "./errands.ts";

export interface MenderOptions {
  readonly environments: Readonly<Record<string, Environment>>;
  readonly timeZone: string;
  readonly conversations: Conversations;
  readonly clock: Clock;
  readonly errands: Errands;
  /** Tells that the thread may show an older picture than it should (Threads.spoilThread). */
  readonly spoil: (deploymentId: number) => Promise<void>;
}

const mostRemembered = 1000;

/**
 * Somebody pressed a button of a card that should have none any more: a copy whose post was in doubt, perhaps, which the
 * thread does not know. It is given its true picture, once (P15).
 */
export function createMender({
  environments,
  timeZone,
  conversations,
  clock,
  errands,
  spoil,
}: MenderOptions) {
  const mended = new Set<string>();

  return function mend(activity: IncomingActivity, decided: DecisionAnswer): void {
    if (decided.state !== "already-decided" && decided.state !== "expired") return;
    const { deployment } = decided;
    const { replyToId } = activity;
    const environment = environments[deployment.environment];
    if (typeof replyToId !== "string" || environment === undefined || mended.has(replyToId)) return;
    if (mended.size >= mostRemembered) mended.clear();
    mended.add(replyToId);
    const message = cardMessage(
      renderCard(deployment, { environment, now: clock.now(), timeZone }),
    );
    errands.add("a stale card", async () => {
      try {
        await conversations.edit(referenceOf(activity), replyToId, message);
      } finally {
        // It may be the thread's own card, and newer pictures may have gone there meanwhile.
        await spoil(deployment.id);
      }
    });
  };
}

import type { Environment } from "../config/config.ts";
import type { Clock } from "../deployment/ports.ts";
import type { DecisionAnswer } from "../deployment/requests.ts";
import type { IncomingActivity } from "./activity.ts";
import { renderCard } from "./cards/render.ts";
import type { Redraw } from "./redraw.ts";

export interface MenderOptions {
  readonly environments: Readonly<Record<string, Environment>>;
  readonly timeZone: string;
  readonly redraw: Redraw;
  readonly clock: Clock;
  /** Tells that the thread may show an older picture than it should (Threads.spoilThread). */
  readonly spoil: (deploymentId: number) => Promise<void>;
}

/**
 * Somebody pressed a button of a card that should have none any more: a copy whose post was in doubt, perhaps, which the
 * thread does not know. It is given its true picture, once (P15).
 */
export function createMender({ environments, timeZone, redraw, clock, spoil }: MenderOptions) {
  return function mend(activity: IncomingActivity, decided: DecisionAnswer): void {
    if (decided.state !== "already-decided" && decided.state !== "expired") return;
    const { deployment } = decided;
    const environment = environments[deployment.environment];
    if (environment === undefined) return;
    const picture = renderCard(deployment, { environment, now: clock.now(), timeZone });
    // It may be the thread's own card, and newer pictures may have gone there meanwhile.
    redraw(activity, picture, () => spoil(deployment.id));
  };
}

import type { Ledger } from "../deployment/ledger.ts";
import type { Clock } from "../deployment/ports.ts";
import type { IncomingActivity } from "./activity.ts";
import { within } from "./within.ts";

export interface FirstAnswerOptions {
  readonly deliveries: Pick<Ledger, "remember">;
  readonly clock: Clock;
  /** How long the ledger may think about it, in milliseconds. */
  readonly patience: number;
}

const mostRemembered = 1000;

/**
 * Says whether nobody has answered a message yet, once for each, however often it is delivered. Where the ledger cannot say,
 * an answer of each process is better than none; but no process says it twice.
 */
export function createFirstAnswer({ deliveries, clock, patience }: FirstAnswerOptions) {
  const answered = new Set<string>();

  return async function isFirst({ id, conversation }: IncomingActivity): Promise<boolean> {
    const delivery = { id: `${id ?? ""}#answer`, conversation: conversation.id };
    const remembered = deliveries.remember(delivery, clock.now());
    const fresh = await within(patience, "the ledger", remembered).catch(() => true);
    const key = `${delivery.conversation} ${delivery.id}`;
    if (!fresh || answered.has(key)) return false;
    if (answered.size >= mostRemembered) answered.clear();
    answered.add(key);
    return true;
  };
}

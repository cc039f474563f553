import type { Person } from "../deployment/deployment.ts";
import type { Interventions } from "../deployment/interventions.ts";
import type { Locks, MessageId } from "../deployment/locks.ts";
import { blockWords, lockWords, type LockContext } from "./cards/lock-words.ts";
import type { Command } from "./command.ts";
import { interventionWords } from "./intervention-words.ts";

/** Commands that change something at once, and are answered in a sentence. */
export type Order = Extract<
  Command,
  { type: "lock" | "unlock" | "block" | "unblock" | "cancel" | "retry" }
>;

export interface OrdersOptions {
  readonly locks: Locks;
  readonly interventions: Interventions;
  /** The names of the environments. */
  readonly environments: readonly string[];
  readonly context: () => LockContext;
}

/** Carries an order out, and says what came of it; undefined where that was said before. Markdown. */
export type CarryOut = (
  order: Order,
  person: Person,
  delivery: MessageId,
) => Promise<string | undefined>;

export function createOrders({
  locks,
  interventions,
  environments,
  context,
}: OrdersOptions): CarryOut {
  return async function carryOut(order, person, delivery) {
    const who = { person, delivery };
    switch (order.type) {
      case "lock": {
        const { environment, reason } = targetOf(order.words);
        const asked = { environment, reason, duration: order.duration, ...who };
        return lockWords(await locks.lock(asked), "lock", environment ?? "", context());
      }
      case "unlock": {
        const { environment } = order;
        const answer = await locks.unlock({ environment, ...who });
        return lockWords(answer, "unlock", environment ?? "", context());
      }
      case "block": {
        const { build, reason } = order;
        return blockWords(await locks.block({ build, reason, ...who }), build, context());
      }
      case "unblock": {
        const { build } = order;
        return blockWords(await locks.unblock({ build, ...who }), build, context());
      }
      case "cancel":
      case "retry":
        return interventionWords(
          await interventions[order.type]({ id: order.id, ...who }),
          order.type,
        );
    }
  };

  /** A first word that names an environment is meant as one; all else is the reason. */
  function targetOf(words: readonly string[]) {
    const [first = "", ...rest] = words;
    const environment = known(first);
    const reason = (environment === undefined ? words : rest).join(" ").replace(/^[:,-]\s*/, "");
    return { environment, reason };
  }

  /** Names are written in any case. */
  function known(said: string | undefined): string | undefined {
    return environments.find((name) => name.toLowerCase() === said?.toLowerCase());
  }
}

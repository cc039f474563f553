import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { Environment } from "../config/config.ts";
import type { Person } from "../deployment/deployment.ts";
import type { DeploymentRequest, Requests } from "../deployment/requests.ts";
import type { IncomingActivity } from "./activity.ts";
import type { Answering } from "./answering.ts";
import { ledgerSilent, notWritten, requestRefusal } from "./answers.ts";
import type { LockContext } from "./cards/lock-words.ts";
import type { Command } from "./command.ts";
import { referenceOf, textMessage } from "./conversations.ts";
import type { Errands } from "./errands.ts";
import type { CarryOut, Order } from "./orders.ts";
import { ledgerTime, within } from "./within.ts";

type ShippingCommand = Extract<Command, { type: "deploy" | "rollback" }>;

/** Commands that change something. */
export type ActingCommand = ShippingCommand | Order;

function isShipping(command: ActingCommand): command is ShippingCommand {
  return command.type === "deploy" || command.type === "rollback";
}

export interface ActingCommandsOptions {
  readonly environments: Readonly<Record<string, Environment>>;
  readonly requests: Pick<Requests, "request">;
  readonly carryOut: CarryOut;
  readonly answer: Answering;
  readonly errands: Errands;
  readonly context: () => LockContext;
  /** How long it waits before it tries again to write a request down, each time. Milliseconds. */
  readonly secondThoughts: readonly number[];
  /** Aborted when the process ends: what waits for the ledger gives up. */
  readonly ending: AbortSignal;
  readonly log: Logger;
}

/** Carries out what people ask for. It is in the ledger before Teams gets its answer. */
export function createActingCommands({
  environments,
  requests,
  carryOut,
  answer,
  errands,
  context,
  secondThoughts,
  ending,
  log,
}: ActingCommandsOptions) {
  return function act(
    command: ActingCommand,
    activity: IncomingActivity,
    person: Person,
  ): Promise<void> {
    return isShipping(command)
      ? request(command, activity, person)
      : order(command, activity, person);
  };

  async function request(
    command: ShippingCommand,
    activity: IncomingActivity,
    person: Person,
  ): Promise<void> {
    const asked: DeploymentRequest = {
      ...(command.type === "rollback"
        ? { kind: command.type, build: command.build }
        : { kind: command.type, build: command.build }),
      environment: command.environment,
      override: command.override,
      requester: person,
      delivery: {
        id: activity.id ?? "",
        conversation: activity.conversation.id,
        reference: referenceOf(activity),
      },
    };
    const place = async () => {
      const placed = await within(ledgerTime, "the ledger", requests.request(asked));
      if (placed.state === "created") {
        const { key, id, environment, kind } = placed.deployment;
        log.info({ deployment: key, number: id, environment, kind, by: person.id }, "requested");
      }
      const refusal = requestRefusal(placed, asked, environments, context());
      if (refusal !== undefined) answer(activity, () => textMessage(refusal));
    };
    try {
      await place();
    } catch (error) {
      log.error({ err: error }, "a request could not be written down");
      errands.add("a request", () => placeLater(activity, place));
    }
  }

  /** A message asks once, however often it is written down: so it is tried again before a person is troubled. */
  async function placeLater(activity: IncomingActivity, place: () => Promise<void>): Promise<void> {
    for (const pause of secondThoughts) {
      await delay(pause, undefined, { signal: ending }).catch(() => {});
      if (ending.aborted) break;
      try {
        return await place();
      } catch (error) {
        log.warn({ err: error }, "a request could not be written down yet");
      }
    }
    answer(activity, () => textMessage(ledgerSilent));
  }

  /** An order is carried out before Teams gets its answer, and so before anybody reads that it was. */
  async function order(asked: Order, activity: IncomingActivity, person: Person): Promise<void> {
    const delivery = { id: activity.id ?? "", conversation: activity.conversation.id };
    try {
      const words = await within(ledgerTime, "the ledger", carryOut(asked, person, delivery));
      if (words !== undefined) answer(activity, () => textMessage(words));
    } catch (error) {
      log.error({ err: error }, "an order could not be written down");
      answer(activity, () => textMessage(notWritten));
    }
  }
}

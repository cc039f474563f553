import { setTimeout as delay } from "node:timers/promises";
import type { TurnContext } from "botbuilder";
import type { Logger } from "pino";
import type { Config } from "../config/config.ts";
import type { Person } from "../deployment/deployment.ts";
import type { Channels, Ledger, Threads } from "../deployment/ledger.ts";
import type { History } from "../deployment/history.ts";
import type { Interventions } from "../deployment/interventions.ts";
import type { Locks } from "../deployment/locks.ts";
import type { Clock } from "../deployment/ports.ts";
import type { DeploymentRequest, Requests } from "../deployment/requests.ts";
import type { ReadStatus } from "../deployment/status.ts";
import { channelOf, type IncomingActivity } from "./activity.ts";
import {
  guestsRefused,
  ledgerSilent,
  misunderstanding,
  notWritten,
  requestRefusal,
  statusSilent,
  unknownDeployment,
} from "./answers.ts";
import { renderGoodBuilds, renderHistory } from "./cards/history.ts";
import { diffWords } from "./diff-words.ts";
import { createOrders, type Order } from "./orders.ts";
import { renderHelp } from "./cards/help.ts";
import { renderDeployment, renderStatus } from "./cards/status.ts";
import { answerOf, goBackAnswer, readClick, sentenceAnswer, type ClickAnswer } from "./clicks.ts";
import { parseCommand, type Command } from "./command.ts";
import {
  cardMessage,
  channelReference,
  referenceOf,
  textMessage,
  type Conversations,
  type Message,
} from "./conversations.ts";
import { unknownEnvironment, whichEnvironment } from "./cards/environment-words.ts";
import { createErrands } from "./errands.ts";
import { createFirstAnswer } from "./first-answer.ts";
import { createMembers } from "./members.ts";
import { mentionsBot, textOf } from "./mention.ts";
import { personOf } from "./person.ts";
import { createMender } from "./stale-cards.ts";
import { within } from "./within.ts";

export interface BotOptions {
  readonly config: Config;
  readonly requests: Requests & { readonly status: ReadStatus };
  readonly locks: Locks;
  readonly interventions: Interventions;
  readonly history: History;
  /** Remembers which messages were answered, so that a redelivery is not answered again. */
  readonly deliveries: Pick<Ledger, "remember">;
  readonly threads: Pick<Threads, "spoilThread">;
  readonly conversations: Conversations;
  /** Keeps how to speak in a channel of its own accord. */
  readonly channels: Pick<Channels, "remember">;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long it waits before it tries again to write a request down, each time. Milliseconds. */
  readonly secondThoughts?: readonly number[];
}

export interface Bot {
  /** One activity that passed the gate and whose token is verified. Returns when Teams may have its answer. */
  readonly turn: (activity: IncomingActivity, context: TurnContext) => Promise<void>;
  /** Resolves when everything that goes on after the answers is done; what waits for the ledger gives up, and says so. */
  readonly settled: () => Promise<void>;
}

/** The ledger answers in milliseconds; Teams repeats a message after about 15 seconds. */
const ledgerTime = 5000;
const statusTime = 20_000;
/** A ledger that is started again, or taken over by its standby, is back by then. */
const usualSecondThoughts = [1000, 3000, 8000];

type RequestCommand = Extract<Command, { type: "deploy" | "rollback" }>;

/** Turns messages and clicks into requests. What is asked for is in the ledger before Teams gets its answer. */
export function createBot({
  config,
  requests,
  locks,
  interventions,
  history,
  deliveries,
  threads,
  conversations,
  channels,
  clock,
  log,
  secondThoughts = usualSecondThoughts,
}: BotOptions): Bot {
  const { environments, teams } = config;
  const errands = createErrands(log);
  const ending = new AbortController();
  const known = new Map<string, string>();
  const isFirst = createFirstAnswer({ deliveries, clock, patience: ledgerTime });
  const membershipOf = createMembers({ tenant: teams.tenant, log, now: () => clock.now() });
  const mend = createMender({
    environments,
    timeZone: teams.timeZone,
    conversations,
    clock,
    errands,
    spoil: (id) => threads.spoilThread(id),
  });

  const carryOut = createOrders({
    locks,
    interventions,
    environments: Object.keys(environments),
    context: timeContext,
  });

  return { turn, settled };

  function settled(): Promise<void> {
    ending.abort();
    return errands.settled();
  }

  async function turn(activity: IncomingActivity, context: TurnContext): Promise<void> {
    if (activity.type === "message") return hear(activity, context);
    if (activity.type !== "invoke") return;
    const value =
      activity.name === "adaptiveCard/action"
        ? { status: 200, body: await answerClick(activity, context) }
        : { status: 400, body: { message: "omnibot does not do that" } };
    await context.sendActivity({ type: "invokeResponse", value });
  }

  async function hear(activity: IncomingActivity, context: TurnContext): Promise<void> {
    // With more permissions Teams would deliver every message of the channel: only what is said to omnibot counts.
    if (!mentionsBot(activity)) return;
    const person = personOf(activity);
    if (person === undefined)
      return log.warn("ignored a message of somebody without an Entra object id");
    noteChannel(activity);
    const command = parseCommand(textOf(activity));
    switch (command.type) {
      case "deploy":
      case "rollback":
        if ((await membershipOf(activity, context)) === "guest")
          return answer(activity, () => textMessage(guestsRefused));
        if (command.type === "rollback" && command.build === undefined)
          return answer(activity, () => historyMessage("rollback", command.environment));
        return request(command, activity, person);
      case "history":
      case "diff":
        return answer(activity, () => historyMessage(command.type, command.environment));
      case "lock":
      case "unlock":
      case "block":
      case "unblock":
      case "cancel":
      case "retry":
        if ((await membershipOf(activity, context)) === "guest")
          return answer(activity, () => textMessage(guestsRefused));
        return order(command, activity, person);
      case "status":
        return answer(activity, () => statusMessage(command.environment));
      case "deployment":
        return answer(activity, () => deploymentMessage(command.id));
      case "help":
        return answer(activity, () => cardMessage(renderHelp(environments)));
      case "unknown":
      case "bad-number":
        return answer(activity, () => textMessage(misunderstanding(command)));
    }
  }

  async function request(
    command: RequestCommand,
    activity: IncomingActivity,
    person: Person,
  ): Promise<void> {
    const asked: DeploymentRequest = {
      kind: command.type,
      environment: nameOf(command.environment),
      build: command.build,
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
      const refusal = requestRefusal(placed, command, environments, timeContext());
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
      await delay(pause, undefined, { signal: ending.signal }).catch(() => {});
      if (ending.signal.aborted) break;
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

  /** What was and what would be; whatever cannot be read is said. */
  async function historyMessage(
    verb: "history" | "diff" | "rollback",
    environment: string | undefined,
  ): Promise<Message> {
    try {
      const read = historyAnswer(verb, nameOf(environment));
      return await within(statusTime, "the history", read);
    } catch (error) {
      log.error({ err: error }, "the history could not be read");
      return textMessage(statusSilent);
    }
  }

  async function historyAnswer(
    verb: "history" | "diff" | "rollback",
    said: string | undefined,
  ): Promise<Message> {
    const found = await {
      history: () => history.newest(said),
      diff: () => history.wouldShip(said),
      rollback: () => history.goodBuilds(said),
    }[verb]();
    if ("state" in found) {
      return textMessage(
        found.state === "which-environment"
          ? whichEnvironment(verb, found.known)
          : unknownEnvironment(said ?? "", verb, found.known),
      );
    }
    const context = { environment: found.environment, ...timeContext() };
    if ("all" in found) return cardMessage(renderHistory(found.all, context));
    if ("builds" in found) return cardMessage(renderGoodBuilds(found.builds, context));
    return textMessage(diffWords(found.proposal, found.environment));
  }

  function timeContext() {
    return { now: clock.now(), timeZone: teams.timeZone };
  }

  /** Answers in the thread, after Teams has its 200, and once for each message however often it is delivered. */
  function answer(activity: IncomingActivity, message: () => Message | Promise<Message>): void {
    errands.add("an answer", async () => {
      if (!(await isFirst(activity))) return;
      await conversations.post(referenceOf(activity), await message());
    });
  }

  async function statusMessage(said: string | undefined): Promise<Message> {
    const name = nameOf(said);
    try {
      const statuses = await within(statusTime, "the status", requests.status.environments(name));
      if (statuses === undefined) {
        return textMessage(unknownEnvironment(said ?? "", "status", Object.keys(environments)));
      }
      return cardMessage(
        renderStatus(statuses, { environments, now: clock.now(), timeZone: teams.timeZone }),
      );
    } catch (error) {
      log.error({ err: error }, "the status could not be read");
      return textMessage(statusSilent);
    }
  }

  async function deploymentMessage(id: number): Promise<Message> {
    try {
      const read = requests.status.deployment(id);
      const deployment = await within(ledgerTime, "the ledger", read);
      const environment = environments[deployment?.environment ?? ""];
      if (deployment === undefined || environment === undefined) {
        return textMessage(unknownDeployment(id));
      }
      const context = { environment, now: clock.now(), timeZone: teams.timeZone };
      return cardMessage(renderDeployment(deployment, context));
    } catch (error) {
      log.error({ err: error }, "a deployment could not be read");
      return textMessage(statusSilent);
    }
  }

  /** What omnibot needs to begin a thread there: only what is new is written down. */
  function noteChannel(activity: IncomingActivity): void {
    const channel = channelOf(activity.conversation.id);
    const reference = channelReference(referenceOf(activity), channel);
    if (known.get(channel) === reference) return;
    errands.add("a channel", async () => {
      await within(ledgerTime, "the ledger", channels.remember(channel, reference, clock.now()));
      known.set(channel, reference);
    });
  }

  /** Names are written in any case. */
  function nameOf(said: string | undefined): string | undefined {
    return (
      Object.keys(environments).find((name) => name.toLowerCase() === said?.toLowerCase()) ?? said
    );
  }

  /** Never throws: an exception would reach the person as "Unable to reach app" (microsoft/botbuilder-js#3776). */
  async function answerClick(
    activity: IncomingActivity,
    context: TurnContext,
  ): Promise<ClickAnswer> {
    try {
      const person = personOf(activity);
      if (person === undefined) return sentenceAnswer("omnibot does not know who you are.");
      const asked = readClick(activity, person);
      if (typeof asked === "string") return sentenceAnswer(asked);
      if ((await membershipOf(activity, context)) === "guest")
        return sentenceAnswer("Guests cannot decide about deployments.");
      if ("requester" in asked)
        return goBackAnswer(
          await within(ledgerTime, "the request", requests.goBack(asked)),
          timeContext(),
        );
      const decided = await within(ledgerTime, "the decision", requests.decide(asked));
      mend(activity, decided);
      return answerOf(decided, asked, environments, { now: clock.now(), timeZone: teams.timeZone });
    } catch (error) {
      log.error({ err: error }, "a click could not be answered");
      return sentenceAnswer(
        "Something went wrong. The card shows in a moment whether your decision counted.",
      );
    }
  }
}

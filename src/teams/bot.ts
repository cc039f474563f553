import type { TurnContext } from "botbuilder";
import type { Logger } from "pino";
import type { Config } from "../config/config.ts";
import type { GoingBack } from "../deployment/going-back.ts";
import type { History } from "../deployment/history.ts";
import type { Interventions } from "../deployment/interventions.ts";
import type { Channels, Ledger, Threads } from "../deployment/ledger.ts";
import type { Locks } from "../deployment/locks.ts";
import type { Clock } from "../deployment/ports.ts";
import type { Requests } from "../deployment/requests.ts";
import type { ReadStatus } from "../deployment/status.ts";
import { createActingCommands } from "./acting-commands.ts";
import { channelOf, isPersonal, type IncomingActivity } from "./activity.ts";
import { createAnswering } from "./answering.ts";
import { membersOnly, notInPrivate } from "./answers.ts";
import { createClicks } from "./clicks.ts";
import { parseCommand, type Command } from "./command.ts";
import { textMessage, type Conversations } from "./conversations.ts";
import { createErrands } from "./errands.ts";
import { createFirstAnswer } from "./first-answer.ts";
import { createKnownChannels } from "./known-channels.ts";
import { createLimits, tooFast } from "./limits.ts";
import { createMembers } from "./members.ts";
import { mentionsBot, textOf } from "./mention.ts";
import { createOrders } from "./orders.ts";
import { personOf } from "./person.ts";
import { createReadingCommands, isReading } from "./reading-commands.ts";
import { createRedraw } from "./redraw.ts";
import { createMender } from "./stale-cards.ts";
import { createWelcome } from "./welcome.ts";
import { createStanding } from "./standing.ts";
import { ledgerTime } from "./within.ts";

export interface BotOptions {
  readonly config: Config;
  readonly requests: Requests & GoingBack & { readonly status: ReadStatus };
  readonly locks: Locks;
  readonly interventions: Interventions;
  readonly history: History;
  /** Why nothing new is begun. */
  readonly maintenance?: string | undefined;
  /** Remembers which messages were answered, so that a redelivery is not answered again, and who was turned away. */
  readonly deliveries: Pick<Ledger, "remember" | "audit">;
  readonly threads: Pick<Threads, "readThread" | "spoilThread">;
  readonly conversations: Conversations;
  /** Keeps how to speak in a channel of its own accord. */
  readonly channels: Pick<Channels, "remember" | "find">;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long it waits before it tries again to write a request down, or to give an answer, each time. Milliseconds. */
  readonly secondThoughts?: readonly number[];
}

export interface Bot {
  /** One activity that passed the gate and whose token is verified. Returns when Teams may have its answer. */
  readonly turn: (activity: IncomingActivity, context: TurnContext) => Promise<void>;
  /** Resolves when everything that goes on after the answers is done; what waits for the ledger gives up, and says so. */
  readonly settled: () => Promise<void>;
}

/** A ledger that is started again, or taken over by its standby, is back by then. */
const usualSecondThoughts = [1000, 3000, 8000];

/** Turns messages and clicks into requests. What is asked for is in the ledger before Teams gets its answer. */
export function createBot({
  config,
  requests,
  locks,
  interventions,
  history,
  maintenance,
  deliveries,
  threads,
  conversations,
  channels,
  clock,
  log,
  secondThoughts = usualSecondThoughts,
}: BotOptions): Bot {
  const { environments, teams } = config;
  const { timeZone } = teams;
  const errands = createErrands(log);
  const ending = new AbortController();
  const isFirst = createFirstAnswer({ deliveries, clock, patience: ledgerTime });
  const answer = createAnswering({
    errands,
    isFirst,
    conversations,
    secondThoughts,
    ending: ending.signal,
  });
  const membershipOf = createMembers({ tenant: teams.tenant, log, now: () => clock.now() });
  const turnedAway = createStanding({
    membershipOf,
    audit: (entry) => deliveries.audit(entry),
    clock,
  });
  const paceOf = createLimits(clock);
  const noteChannel = createKnownChannels({ channels, clock, errands });
  const welcome = createWelcome({ config, deliveries, channels, conversations, errands, clock });
  const context = () => ({ now: clock.now(), timeZone });
  const redraw = createRedraw({ conversations, errands });
  const mend = createMender({ environments, timeZone, redraw, errands, clock, threads });
  const names = Object.keys(environments);
  const { read, goodBuilds } = createReadingCommands({
    config,
    status: requests.status,
    history,
    maintenance,
    clock,
    log,
  });
  const act = createActingCommands({
    environments,
    requests,
    carryOut: createOrders({ locks, interventions, environments: names, context }),
    answer,
    errands,
    context,
    secondThoughts,
    ending: ending.signal,
    log,
  });
  const answerClick = createClicks({
    config,
    requests,
    turnedAway,
    paceOf,
    mend,
    redraw,
    clock,
    log,
  });

  return { turn, settled };

  function settled(): Promise<void> {
    ending.abort();
    return errands.settled();
  }

  async function turn(activity: IncomingActivity, turnContext: TurnContext): Promise<void> {
    if (activity.type === "message") return hear(activity, turnContext);
    if (activity.type !== "invoke") return welcome(activity);
    const value =
      activity.name === "adaptiveCard/action"
        ? { status: 200, body: await answerClick(activity, turnContext) }
        : { status: 400, body: { message: "omnibot does not do that" } };
    await turnContext.sendActivity({ type: "invokeResponse", value });
  }

  async function hear(activity: IncomingActivity, turnContext: TurnContext): Promise<void> {
    const inPrivate = isPersonal(activity);
    // With more permissions Teams would deliver every message of the channel: only what is said to omnibot counts.
    if (!inPrivate && !mentionsBot(activity)) return;
    const person = personOf(activity);
    if (person === undefined)
      return log.warn("ignored a message of somebody without an Entra object id");
    const pace = paceOf(person.id, channelOf(activity.conversation.id));
    if (pace === "tell") answer(activity, () => textMessage(tooFast));
    if (pace !== "fine") return;
    const command = inKnownNames(parseCommand(textOf(activity)));
    if (inPrivate) return confide(command, activity, turnContext);
    noteChannel(activity);
    if (isReading(command)) return answer(activity, () => read(command));
    const refusal = await turnedAway(activity, turnContext, person, command.type);
    if (refusal !== undefined) return answer(activity, () => textMessage(refusal));
    if (command.type === "choice") return answer(activity, () => goodBuilds(command.environment));
    return act(command, activity, person);
  }

  /**
   * Answers in a chat what can be read. The channels are the operator's choice, a chat is anybody's: so who asks has to be
   * known as a member of the tenant.
   */
  async function confide(
    command: Command,
    activity: IncomingActivity,
    turnContext: TurnContext,
  ): Promise<void> {
    if ((await membershipOf(activity, turnContext)) !== "member")
      return answer(activity, () => textMessage(membersOnly));
    return answer(activity, () =>
      isReading(command) ? read(command, true) : textMessage(notInPrivate),
    );
  }

  /** Names are written in any case. */
  function inKnownNames(command: Command): Command {
    if (!("environment" in command)) return command;
    const said = command.environment?.toLowerCase();
    const environment = names.find((name) => name.toLowerCase() === said) ?? command.environment;
    return { ...command, environment };
  }
}

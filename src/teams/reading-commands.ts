import type { Logger } from "pino";
import type { Config } from "../config/config.ts";
import type { History } from "../deployment/history.ts";
import type { Clock } from "../deployment/ports.ts";
import type { ReadStatus } from "../deployment/status.ts";
import { misunderstanding, statusSilent, unknownDeployment } from "./answers.ts";
import { renderChoice } from "./cards/choice.ts";
import { unknownEnvironment, whichEnvironment } from "./cards/environment-words.ts";
import { renderHelp } from "./cards/help.ts";
import { renderHistory } from "./cards/history.ts";
import { renderStats } from "./cards/stats.ts";
import { renderDeployment, renderStatus } from "./cards/status.ts";
import type { Command } from "./command.ts";
import { cardMessage, textMessage, type Message } from "./conversations.ts";
import { diffWords } from "./diff-words.ts";
import { ledgerTime, within } from "./within.ts";

/** Commands that change nothing. */
export type ReadingCommand = Extract<
  Command,
  {
    type:
      | "history"
      | "diff"
      | "stats"
      | "status"
      | "deployment"
      | "help"
      | "unknown"
      | "bad-number";
  }
>;

/** A record, so that the compiler misses none. */
const reading: Readonly<Record<ReadingCommand["type"], true>> = {
  history: true,
  diff: true,
  stats: true,
  status: true,
  deployment: true,
  help: true,
  unknown: true,
  "bad-number": true,
};

/** Whether a command changes nothing, and leads to nothing that does. */
export function isReading(command: Command): command is ReadingCommand {
  return Object.hasOwn(reading, command.type);
}

export interface ReadingCommandsOptions {
  readonly config: Config;
  readonly status: ReadStatus;
  readonly history: History;
  /** Why nothing new is begun. */
  readonly maintenance?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ReadingCommands {
  readonly read: (command: ReadingCommand, inPrivate?: boolean) => Promise<Message>;
  /** Which builds there are to go back to. */
  readonly goodBuilds: (environment: string | undefined) => Promise<Message>;
}

const lookTime = 20_000;

/** Answers what people want to know. Never throws: whatever cannot be read is said. */
export function createReadingCommands({
  config: { environments, teams },
  status,
  history,
  maintenance,
  clock,
  log,
}: ReadingCommandsOptions): ReadingCommands {
  // It says what is configured: that does not change.
  const help = cardMessage(renderHelp(environments, { maintenance }));
  const helpInPrivate = cardMessage(renderHelp(environments, { maintenance, inPrivate: true }));

  return { read, goodBuilds: (environment) => readHistory("rollback", environment) };

  async function read(command: ReadingCommand, inPrivate = false): Promise<Message> {
    switch (command.type) {
      case "history":
      case "diff":
      case "stats":
        return readHistory(command.type, command.environment);
      case "status":
        return attempt("the status", lookTime, () => readStatus(command.environment));
      case "deployment":
        return attempt("a deployment", ledgerTime, () => readDeployment(command.id));
      case "help":
        return inPrivate ? helpInPrivate : help;
      case "unknown":
      case "bad-number":
        return textMessage(misunderstanding(command));
    }
  }

  async function attempt(
    what: string,
    time: number,
    look: () => Promise<Message>,
  ): Promise<Message> {
    try {
      return await within(time, what, look());
    } catch (error) {
      log.error({ err: error }, `${what} could not be read`);
      return textMessage(statusSilent);
    }
  }

  type Verb = "history" | "diff" | "stats" | "rollback";

  function readHistory(verb: Verb, said: string | undefined): Promise<Message> {
    return attempt("the history", lookTime, async () => {
      const found = await {
        history: () => history.newest(said),
        stats: () => history.figures(said),
        diff: () => history.wouldShip(said),
        rollback: () => history.goodBuilds(said),
      }[verb]();
      if ("state" in found) {
        const words =
          found.state === "which-environment"
            ? whichEnvironment(verb, found.known)
            : unknownEnvironment(said ?? "", verb, found.known);
        return textMessage(words);
      }
      const context = { environment: found.environment, ...timeContext() };
      if ("all" in found) return cardMessage(renderHistory(found.all, context));
      if ("figures" in found) return cardMessage(renderStats(found.figures, found.environment));
      if ("builds" in found) return cardMessage(renderChoice(found.builds, context));
      return textMessage(diffWords(found.proposal, found.environment));
    });
  }

  async function readStatus(said: string | undefined): Promise<Message> {
    const statuses = await status.environments(said);
    if (statuses === undefined)
      return textMessage(unknownEnvironment(said ?? "", "status", Object.keys(environments)));
    return cardMessage(renderStatus(statuses, { environments, ...timeContext() }));
  }

  async function readDeployment(id: number): Promise<Message> {
    const deployment = await status.deployment(id);
    const environment = environments[deployment?.environment ?? ""];
    if (deployment === undefined || environment === undefined)
      return textMessage(unknownDeployment(id));
    return cardMessage(renderDeployment(deployment, { environment, ...timeContext() }));
  }

  function timeContext() {
    return { now: clock.now(), timeZone: teams.timeZone };
  }
}

import type { Environment } from "../config/config.ts";
import type { RequestAnswer } from "../deployment/requests.ts";
import { capital, escaped, list } from "./cards/text.ts";
import { roughly } from "./cards/time.ts";
import { progressTitle } from "./cards/progress.ts";
import type { Command } from "./command.ts";

type Environments = Readonly<Record<string, Environment>>;

/** What to say about a request that became no deployment; undefined when its card says everything. Markdown. */
export function requestRefusal(
  answer: RequestAnswer,
  command: Extract<Command, { type: "deploy" | "rollback" }>,
  environments: Environments,
  now: number,
): string | undefined {
  const name = command.environment ?? Object.keys(environments)[0] ?? "production";
  switch (answer.state) {
    case "created":
    case "repeated":
      return undefined;
    case "busy": {
      const { deployment } = answer;
      const environment = environments[deployment.environment];
      const what =
        environment === undefined ? "" : `, ${escaped(progressTitle(deployment, { environment }))}`;
      const who = `${escaped(deployment.requester.name, 80)} asked ${roughly(now - deployment.requestedAt)} ago`;
      return `${escaped(deployment.environment, 60)} is busy with #${deployment.id}${what}; ${who}. Ask again when it has ended.`;
    }
    case "unknown-environment":
      return unknownEnvironment(command.environment ?? "", command.type, answer.known);
    case "which-environment":
      return `Which environment: ${names(answer.known)}? For example **${command.type} ${escaped(answer.known[0] ?? "production", 60)}**.`;
    case "build-missing":
      return `Which build? For example **rollback ${escaped(name, 60)} 40655**. **status** shows what is live.`;
  }
}

/** Somebody may have written a tag for an environment; what it would mean is said, not done. */
export function unknownEnvironment(said: string, verb: string, known: readonly string[]): string {
  const tag = /^(.+)-(\d{1,10})$/.exec(said);
  const meant =
    tag?.[1] !== undefined && known.includes(tag[1])
      ? ` Did you mean **${verb} ${tag[1]} ${tag[2]}**?`
      : "";
  return `There is no environment “${escaped(said, 60)}”. Known: ${names(known)}.${meant}`;
}

export function unknownDeployment(id: number): string {
  return `There is no deployment #${id} here. **status** shows the newest.`;
}

/** Says what was not understood, with the nearest command. Nothing was done. */
export function misunderstanding(
  command: Extract<Command, { type: "unknown" | "bad-number" }>,
): string {
  if (command.type === "bad-number") {
    return `“${escaped(command.said, 40)}” is not the number of a build. Write digits only, for example **${command.verb} production 40672**.`;
  }
  const said = command.said === "" ? "That" : `“${escaped(command.said, 80)}”`;
  const meant = command.nearest === undefined ? "" : ` Did you mean **${command.nearest}**?`;
  return `${capital(said)} is not a command that omnibot knows; nothing was done.${meant} **help** lists them all.`;
}

export const ledgerSilent =
  "It is not certain that this was written down. If no card appears in a minute, please say it again.";

export const statusSilent = "The status could not be read. Please ask again in a moment.";

export const guestsRefused = "Guests cannot ask for deployments here; a member of the team can.";

function names(known: readonly string[]): string {
  return list(known.map((name) => escaped(name, 60))) || "none";
}

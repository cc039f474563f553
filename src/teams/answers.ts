import type { Environment } from "../config/config.ts";
import type { DeploymentRequest, RequestAnswer } from "../deployment/requests.ts";
import { capital, escaped } from "./cards/text.ts";
import { roughly } from "./cards/time.ts";
import { progressTitle } from "./cards/progress.ts";
import type { Command } from "./command.ts";
import { unknownEnvironment, whichEnvironment } from "./cards/environment-words.ts";
import { barrierWords, type LockContext } from "./cards/lock-words.ts";
import { notAllowedWords } from "./cards/permission-words.ts";

type Environments = Readonly<Record<string, Environment>>;

/** What to say about a request that became no deployment; undefined when its card says everything. Markdown. */
export function requestRefusal(
  answer: RequestAnswer,
  { kind, environment: said }: Pick<DeploymentRequest, "kind" | "environment">,
  environments: Environments,
  context: LockContext,
): string | undefined {
  const { now } = context;
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
      return unknownEnvironment(said ?? "", kind, answer.known);
    case "which-environment":
      return whichEnvironment(kind, answer.known);
    case "locked":
    case "blocked":
    case "frozen":
    case "maintenance":
      return `${barrierWords(answer, context)} Nothing was begun.`;
    case "not-permitted":
    case "unchecked":
      return notAllowedWords(answer);
  }
}

export function unknownDeployment(id: number): string {
  return `There is no deployment #${id} here. **status** shows the newest.`;
}

/** How commands are written that take more than an environment. */
const examples: Readonly<Record<string, string>> = {
  deploy: "deploy production 40672",
  rollback: "rollback production 40655",
  status: "status #128",
  lock: "lock production the map is wrong for 2h",
  block: "block 40672 the map is wrong",
  unblock: "unblock 40672",
  cancel: "cancel #128",
  retry: "retry #128",
};

function exampleOf(verb: string): string {
  return examples[verb] ?? `${verb} production`;
}

/** What new people write instead of pressing a button. */
const decisions = /^(approved?|reject(ed)?|yes|no|ok|lgtm)\b/i;

/** Says what was not understood, with the nearest command. Nothing was done. */
export function misunderstanding(
  command: Extract<Command, { type: "unknown" | "bad-number" }>,
): string {
  if (command.type === "bad-number") {
    return `“${escaped(command.said, 40)}” is not the number of a build. Write digits only, for example **${exampleOf(command.verb)}**.`;
  }
  const said = command.said === "" ? "That" : `“${escaped(command.said, 80)}”`;
  if (decisions.test(command.said))
    return "Approving and rejecting is done on the card: press its button. Nothing was done.";
  const { nearest } = command;
  const [word = ""] = command.said.toLowerCase().split(/[\s:,;.!?]/, 1);
  if (nearest !== undefined && word === nearest) {
    return `${said} is not how **${nearest}** is written; nothing was done. Write for example **${exampleOf(nearest)}**.`;
  }
  const meant = nearest === undefined ? "" : ` Did you mean **${nearest}**?`;
  return `${capital(said)} is not a command that omnibot knows; nothing was done.${meant} **help** lists them all.`;
}

export const ledgerSilent =
  "It is not certain that this was written down. If no card appears in a minute, please say it again.";

export const statusSilent = "The status could not be read. Please ask again in a moment.";

export const notWritten =
  "It is not certain that this was written down. Please say it again in a moment.";

/** Whoever acts, acts where everybody sees it. */
export const notInPrivate =
  "That is for the channel: there everybody sees it, and somebody else can approve it. Say the same there, with a mention of omnibot. Here you may ask for **status**, **history**, **diff**, **stats** and **help**.";

export const membersOnly =
  "Only members of the organization can ask omnibot in private; it could not see that you are one. If you are, please try again in a moment.";

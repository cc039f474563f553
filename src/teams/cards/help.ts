import type { Environment, FreezeWindow, WeekTime } from "../../config/config.ts";
import { maintenanceWords } from "./lock-words.ts";
import type { Rendered } from "./render.ts";
import { expand } from "./template.ts";
import { peopleWords, permissionsWords } from "./permission-words.ts";
import { capital, countInWords, escaped, list } from "./text.ts";
import { roughly } from "./time.ts";

export interface HelpOptions {
  /** Why nothing new is begun. */
  readonly maintenance?: string | undefined;
  /** In a chat with one person, where nothing is changed. */
  readonly inPrivate?: boolean;
}

interface HelpView {
  /** How to say it. */
  readonly how: string;
  readonly commands: readonly { readonly command: string; readonly text: string }[];
  /** What is configured, environment by environment. */
  readonly rules: readonly { readonly text: string }[];
  readonly summary: string;
}

const mostEnvironments = 20;

export function renderHelp(
  environments: Readonly<Record<string, Environment>>,
  options: HelpOptions = {},
): Rendered {
  const view = helpView(environments, options);
  return { card: expand("help", view), summary: view.summary };
}

/** The commands with the names that are really configured, so that each line can be copied. */
function helpView(
  environments: Readonly<Record<string, Environment>>,
  { maintenance, inPrivate = false }: HelpOptions,
): HelpView {
  const all = Object.values(environments);
  const name = escaped(all[0]?.name ?? "production", 60);
  const branch = escaped(all[0]?.build.branch ?? "main", 60);
  const reading = [
    { command: `status ${name}`, text: "tells what Git wants, what runs, and how well" },
    { command: "status #128", text: "shows the evidence of one deployment, link by link" },
    { command: `history ${name}`, text: "lists the newest deployments" },
    { command: `diff ${name}`, text: "lists what a deployment would ship now" },
    { command: `stats ${name}`, text: "tells how often, how fast and how well" },
  ];
  const help = { command: "help", text: "shows this" };
  const shipping = [
    {
      command: `deploy ${name}`,
      text: `builds ${branch} and brings it to ${name}, once somebody else approved`,
    },
    { command: `deploy ${name} 40672`, text: "brings a build that exists" },
    { command: `rollback ${name} 40655`, text: "brings an earlier build back, the same way" },
  ];
  const steering = [
    { command: "cancel #128", text: "stops what can still be stopped" },
    { command: "retry #128", text: "tries the failed step again" },
    {
      command: `lock ${name} the map is wrong for 2h`,
      text: `keeps ${name} for yourself; **unlock ${name}** releases it`,
    },
    {
      command: "block 40672 the map is wrong",
      text: "keeps a build from being deployed; **unblock 40672** releases it",
    },
  ];
  return {
    how: inPrivate
      ? "Here you can look; what changes something is said in the channel, where everybody sees it"
      : "Mention omnibot, and say",
    commands: inPrivate ? [...reading, help] : [...shipping, ...reading, ...steering, help],
    rules: [
      ...(maintenance === undefined ? [] : [{ text: maintenanceWords(maintenance) }]),
      ...all.slice(0, mostEnvironments).map((environment) => ({ text: ruleOf(environment) })),
    ],
    summary: "What you can ask omnibot",
  };
}

function ruleOf(environment: Environment): string {
  const { name, approval, freeze } = environment;
  const people = peopleWords(approval.approvers);
  const wanted = countInWords(approval.required, "approval");
  return `**${escaped(name, 60)}** needs ${wanted} from ${people}, never from who asked, within ${roughly(approval.expires)}.${permissionsWords(environment)}${frozen(freeze)}`;
}

/** The first few freezes, as the configuration says them. */
function frozen(windows: readonly FreezeWindow[]): string {
  if (windows.length === 0) return "";
  const said = windows.slice(0, 3).map((one) => {
    const [from, until] =
      one.kind === "dated" ? [one.from, one.until] : [timeOf(one.from), timeOf(one.until)];
    return `${from} to ${until} (${escaped(one.reason, 60)})`;
  });
  return ` Nobody deploys ${list(said)}${windows.length > said.length ? " and at other times" : ""}.`;
}

function timeOf({ day, time }: WeekTime): string {
  return `${capital(day)} ${time}`;
}

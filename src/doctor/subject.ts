import type { Config, Environment } from "../config/config.ts";
import { ConfigError, loadConfig } from "../config/load-config.ts";
import { loadSettings } from "../config/load-settings.ts";
import { secretsOf } from "../config/secrets.ts";
import type { Settings } from "../config/settings.ts";
import { hideSecrets } from "../deployment/secrets.ts";
import { steps } from "../deployment/steps.ts";
import { createClients, type Clients } from "../worlds.ts";
import { failed, ok, warning, type Check, type Finding } from "./check.ts";

/** What is examined. */
export interface Subject {
  readonly settings: Settings;
  readonly config: Config;
  readonly clients: Clients;
  /** omnibot's public address, where somebody said it. */
  readonly url: string | undefined;
}

/** The same, for one environment. */
export interface EnvironmentSubject extends Subject {
  readonly environment: Environment;
}

export interface SubjectOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly url?: string | undefined;
  /** The longest that one request may take, in milliseconds. */
  readonly patience?: number | undefined;
}

/** Reads both files. Whatever is wrong with one of them does not hide what is wrong with the other. */
export function readSubject({ env, url, patience = 10_000 }: SubjectOptions): {
  readonly subject: Subject | undefined;
  readonly checks: readonly Check[];
} {
  const settings = attempt(() => loadSettings(env));
  if ("value" in settings) hideSecrets(secretsOf(settings.value));
  const file = env["OMNIBOT_CONFIG"] || "omnibot.yaml";
  const config = attempt(() =>
    loadConfig(
      file,
      steps.map(({ name }) => name),
    ),
  );
  const checks: readonly Check[] = [
    {
      id: "environment",
      about: "the environment (.env)",
      find: () =>
        "problem" in settings
          ? mended(settings.problem, ".env.example")
          : ok("every variable can be used"),
    },
    {
      id: "configuration",
      about: "omnibot.yaml",
      find: () =>
        "problem" in config
          ? mended(config.problem, "omnibot.example.yaml")
          : findInConfig(config.value),
    },
  ];
  if ("problem" in settings || "problem" in config) return { subject: undefined, checks };
  const clients = createClients(settings.value, Date, patience);
  return { subject: { settings: settings.value, config: config.value, clients, url }, checks };
}

function mended(problem: string, example: string): Finding {
  return failed(problem, `Mend what is listed; ${example} explains each.`);
}

function attempt<T>(read: () => T): { readonly value: T } | { readonly problem: string } {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof ConfigError) return { problem: error.message };
    throw error;
  }
}

/** What stands in the example, and in nobody's installation. */
const fromTheExample = [
  "00000000-0000-0000-0000-00000000000",
  "0123456789abcdef0123456789abcdef",
  ".omnispatial.example",
];

function findInConfig(config: Config): Finding {
  const names = Object.keys(config.environments).join(", ");
  const text = JSON.stringify(config);
  const left = fromTheExample.filter((one) => text.includes(one));
  if (left.length === 0) return ok(`read; it describes ${names}`);
  const what = left.map((one) => `${one}…`.replace("example…", "example")).join(", ");
  return warning(
    `it describes ${names}, and still holds values of the example: ${what}`,
    "Put your own values there; docs/setup.md says where each comes from.",
  );
}

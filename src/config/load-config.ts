import { readFileSync } from "node:fs";
import { parseDocument, type Document } from "yaml";
import type { z } from "zod";
import type { Config, Environment } from "./config.ts";
import { configSchema } from "./schema.ts";

/** The configuration cannot be used; the message names every problem with its path, one on a line. */
export class ConfigError extends Error {
  constructor(where: string, problems: readonly string[]) {
    super(`${where} cannot be used:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.name = "ConfigError";
  }
}

/** Reads and checks omnibot.yaml. @throws {ConfigError} with every problem that it has. */
export function loadConfig(file: string, steps: readonly string[]): Config {
  return parseConfig(readText(file), file, steps);
}

export function parseConfig(text: string, where: string, steps: readonly string[]): Config {
  const document = parseDocument(text, { prettyErrors: true });
  if (document.errors.length > 0) {
    throw new ConfigError(
      where,
      document.errors.map((error) => error.message.split("\n")[0] ?? error.message),
    );
  }
  const read = configSchema(steps).safeParse(valueOf(document, where));
  if (!read.success) throw new ConfigError(where, read.error.issues.map(sentence));
  const environments = Object.entries(read.data.environments).map(([name, one]) => [
    name,
    withDefaults(name, one),
  ]);
  return {
    teams: read.data.teams,
    environments: Object.fromEntries(environments) as Config["environments"],
  };
}

/** Aliases are resolved here: one may name nothing, or be one of far too many. */
function valueOf(document: Document, where: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw new ConfigError(where, [
      `${error.message}: write out what the aliases (*name) stand for`,
    ]);
  }
}

type Written = z.output<ReturnType<typeof configSchema>>["environments"][string];

/** The defaults that depend on another key. */
function withDefaults(name: string, written: Written): Environment {
  return {
    ...written,
    name,
    channel: written.channel,
    build: { ...written.build, parameters: written.build.parameters ?? { environment: name } },
    gitops: { ...written.gitops, release: written.gitops.release },
    flux: { ...written.flux, namespace: written.flux.namespace },
    deadlines: written.deadlines,
  };
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const problem =
      code === "ENOENT"
        ? "there is no such file; copy omnibot.example.yaml, or set OMNIBOT_CONFIG to its path"
        : `it cannot be read (${String(code)})`;
    throw new ConfigError(file, [problem]);
  }
}

function sentence(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    const keys = issue.keys.map((key) => [...(path === "" ? [] : [path]), key].join("."));
    return keys.map((key) => `${key}: is not a key that omnibot knows`).join("\n  - ");
  }
  return `${path === "" ? "the file" : path}: ${issue.message}`;
}

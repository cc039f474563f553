import type { Environment } from "../config/config.ts";
import type { Deployment, Proposal } from "./deployment.ts";
import { buildOfTag } from "./image-tag.ts";
import type { Ledger } from "./ledger.ts";
import { nameOf } from "./locks.ts";
import type { Bad, World } from "./ports.ts";
import { proposalOf } from "./proposal.ts";

type NoEnvironment = Exclude<ReturnType<typeof nameOf>, string>;

/** A build that was proven to run well, by the newest deployment of it. */
export interface GoodBuild {
  readonly build: number;
  readonly deployment: Deployment;
}

export interface History {
  /** The newest deployments of an environment, newest first. */
  newest(
    said: string | undefined,
  ): Promise<
    NoEnvironment | { readonly environment: Environment; readonly all: readonly Deployment[] }
  >;
  /** Builds to go back to, newest first; the one that went live last is not among them. */
  goodBuilds(
    said: string | undefined,
  ): Promise<
    NoEnvironment | { readonly environment: Environment; readonly builds: readonly GoodBuild[] }
  >;
  /** What a deployment would ship now. Changes nothing. */
  wouldShip(
    said: string | undefined,
  ): Promise<
    NoEnvironment | { readonly environment: Environment; readonly proposal: Proposal | Bad }
  >;
}

export interface HistoryOptions {
  readonly ledger: Pick<Ledger, "list">;
  readonly environments: Readonly<Record<string, Environment>>;
  readonly worldOf: (environment: Environment) => World;
}

/** How many deployments are shown. */
const shown = 10;
/** How far back good builds are looked for, and how many are offered. */
const remembered = 100;
const offered = 5;

/** What was, and what would be. */
export function createHistory({ ledger, environments, worldOf }: HistoryOptions): History {
  return {
    async newest(said) {
      const environment = find(said);
      if ("state" in environment) return environment;
      return { environment, all: await ledger.list(environment.name, shown) };
    },

    async goodBuilds(said) {
      const environment = find(said);
      if ("state" in environment) return environment;
      const all = await ledger.list(environment.name, remembered);
      return { environment, builds: goodOnes(all, environment) };
    },

    async wouldShip(said) {
      const environment = find(said);
      if ("state" in environment) return environment;
      const target = { from: "branch" } as const;
      const found = await proposalOf({ target }, worldOf(environment), environment);
      if ("code" in found) return { environment, proposal: found };
      if (found.proposal === undefined) throw new Error("a branch gave no proposal");
      return { environment, proposal: found.proposal };
    },
  };

  function find(said: string | undefined): Environment | NoEnvironment {
    const name = nameOf(said, environments);
    if (typeof name !== "string") return name;
    const environment = environments[name];
    if (environment === undefined) throw new Error(`${name} is not configured`);
    return environment;
  }
}

function goodOnes(all: readonly Deployment[], { image, name }: Environment): readonly GoodBuild[] {
  const builds = new Map<number, GoodBuild>();
  for (const deployment of all) {
    const tag = deployment.state === "live" ? deployment.evidence.image?.tag : undefined;
    const build = tag === undefined ? undefined : buildOfTag(image, name, tag);
    if (build !== undefined && !builds.has(build)) builds.set(build, { build, deployment });
  }
  return [...builds.values()].slice(1, 1 + offered);
}

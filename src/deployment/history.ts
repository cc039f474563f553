import type { Environment } from "../config/config.ts";
import type { Commit, Deployment, Proposal } from "./deployment.ts";
import { figuresOf, type Figures } from "./figures.ts";
import type { Ledger } from "./ledger.ts";
import { nameOf, type LockStore } from "./locks.ts";
import type { Bad, Clock, World } from "./ports.ts";
import { proposalOf } from "./proposal.ts";
import { goodBuildOf } from "./way-back.ts";

type NoEnvironment = Exclude<ReturnType<typeof nameOf>, string>;

/** A build that was proven to run well, by the newest deployment of it. */
export interface GoodBuild {
  readonly build: number;
  readonly deployment: Deployment;
  /** The newest commit in it, where a deployment of it knew. */
  readonly commit: Commit | undefined;
}

export interface History {
  /** The newest deployments of an environment, newest first. */
  newest(
    said: string | undefined,
  ): Promise<
    NoEnvironment | { readonly environment: Environment; readonly all: readonly Deployment[] }
  >;
  /** Builds to go back to, newest first; the one that Git wants since the last merge, and blocked ones, are not among them. */
  goodBuilds(
    said: string | undefined,
  ): Promise<
    NoEnvironment | { readonly environment: Environment; readonly builds: readonly GoodBuild[] }
  >;
  /** How often, how fast and how well, over the last 30 and 90 days. */
  figures(
    said: string | undefined,
  ): Promise<
    NoEnvironment | { readonly environment: Environment; readonly figures: readonly Figures[] }
  >;
  /** What a deployment would ship now. Changes nothing. */
  wouldShip(
    said: string | undefined,
  ): Promise<
    NoEnvironment | { readonly environment: Environment; readonly proposal: Proposal | Bad }
  >;
}

export interface HistoryOptions {
  readonly ledger: Pick<Ledger, "list" | "listSince">;
  readonly locks: Pick<LockStore, "findBlock">;
  readonly clock: Clock;
  readonly environments: Readonly<Record<string, Environment>>;
  readonly worldOf: (environment: Environment) => World;
}

/** How many deployments are shown. */
const shown = 10;
/** How far back good builds are looked for, and how many are offered. */
const remembered = 100;
const offered = 5;

/** Days over which figures are counted, and the most deployments that are counted. */
const periods = [30, 90];
const counted = 5000;

/** What was, and what would be. */
export function createHistory({
  ledger,
  locks,
  clock,
  environments,
  worldOf,
}: HistoryOptions): History {
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
      return { environment, builds: await withoutBlocked(goodOnes(all, environment)) };
    },

    async figures(said) {
      const environment = find(said);
      if ("state" in environment) return environment;
      const now = clock.now();
      const since = now - Math.max(...periods) * 24 * 60 * 60_000;
      const all = await ledger.listSince(environment.name, since, counted);
      return { environment, figures: periods.map((days) => figuresOf(all, days, now)) };
    },

    async wouldShip(said) {
      const environment = find(said);
      if ("state" in environment) return environment;
      const target = { from: "branch" } as const;
      const found = await proposalOf({ kind: "deploy", target }, worldOf(environment), environment);
      if ("code" in found) return { environment, proposal: found };
      if (found.proposal === undefined) throw new Error("a branch gave no proposal");
      return { environment, proposal: found.proposal };
    },
  };

  async function withoutBlocked(builds: readonly GoodBuild[]): Promise<readonly GoodBuild[]> {
    const open: GoodBuild[] = [];
    for (const one of builds) {
      if (open.length === offered) break;
      if ((await locks.findBlock(one.build)) === undefined) open.push(one);
    }
    return open;
  }

  function find(said: string | undefined): Environment | NoEnvironment {
    const name = nameOf(said, environments);
    if (typeof name !== "string") return name;
    const environment = environments[name];
    if (environment === undefined) throw new Error(`${name} is not configured`);
    return environment;
  }
}

function goodOnes(all: readonly Deployment[], environment: Environment): readonly GoodBuild[] {
  const builds = new Map<number, GoodBuild>();
  const wanted = wantedTag(all);
  for (const deployment of all) {
    const { build, tag } = goodBuildOf(deployment, environment) ?? {};
    if (build === undefined || tag === wanted) continue;
    const known = builds.get(build) ?? { build, deployment, commit: undefined };
    builds.set(build, { ...known, commit: known.commit ?? newestCommit(deployment) });
  }
  return [...builds.values()];
}

/** What Git wants since the newest change that omnibot made or noticed. */
function wantedTag(all: readonly Deployment[]): string | undefined {
  const changed = all.find(({ evidence }) => (evidence.merge ?? evidence.edit) !== undefined);
  return changed?.evidence.change?.to ?? changed?.evidence.edit?.to;
}

/** Of the commit that a build was made from, with its words where they are known. */
function newestCommit({ evidence: { proposal } }: Deployment): Commit | undefined {
  const { commit, changes = [] } = proposal ?? {};
  return commit && { ...changes.find((one) => one.id === commit.id), ...commit };
}

import type { Environment } from "../config/config.ts";
import type { Deployment, HealthResult, ReleaseName } from "./deployment.ts";
import type { Log } from "./engine.ts";
import type { Ledger } from "./ledger.ts";
import type { Freeze, Lock, LockStore } from "./locks.ts";
import type { Clock, ImageState, LiveState, TagState, World } from "./ports.ts";
import { ServiceError } from "./service-error.ts";

/** The truth about an environment now, from the live world. */
export interface EnvironmentStatus {
  readonly environment: string;
  /** What Git wants, since when (ms since 1970) and by whom. */
  readonly tag: {
    readonly wanted: string | undefined;
    readonly since?: number;
    readonly by?: string;
    /** The commit that last changed the file. */
    readonly url?: string;
    /** Whether it was changed past omnibot. */
    readonly byHand?: boolean;
  };
  readonly image: Finding;
  readonly flux: Finding;
  readonly pods: Finding;
  /** Undefined where it is not known; empty where nothing is configured. */
  readonly health: readonly HealthResult[] | undefined;
  /** Who keeps the environment; undefined while nobody does. */
  readonly lock: Lock | undefined;
  readonly freeze: Freeze | undefined;
  /** Why nothing new is begun anywhere. */
  readonly maintenance?: string | undefined;
  /** The deployment that is in work. */
  readonly active: Deployment | undefined;
  /** The change past omnibot that is followed. */
  readonly followed: Deployment | undefined;
  /** The newest deployment that ended. */
  readonly last: Deployment | undefined;
  /** The newest deployment that was proven healthy. */
  readonly lastGood: Deployment | undefined;
  /** What did not answer in time: the answer is a partial one. */
  readonly unanswered: readonly string[];
  /** What answered with trouble, in sentences. */
  readonly problems: readonly string[];
}

/** The sentence is for people; it may hold words from outside. */
export interface Finding {
  readonly state: "well" | "ill" | "unknown";
  readonly sentence: string;
  /** Since when, ms since 1970. */
  readonly since?: number;
}

export interface ReadStatus {
  /** Reads one environment, or all; undefined when there is no such environment. */
  environments(name: string | undefined): Promise<readonly EnvironmentStatus[] | undefined>;
  /** One deployment by its number, as the ledger has it; undefined when there is none. */
  deployment(id: number): Promise<Deployment | undefined>;
}

export interface StatusOptions {
  readonly ledger: Pick<Ledger, "list" | "get">;
  readonly environments: Readonly<Record<string, Environment>>;
  readonly locks: Pick<LockStore, "findLock">;
  readonly freezeAt: (environment: Environment, now: number) => Freeze | undefined;
  readonly maintenance?: string | undefined;
  readonly clock: Clock;
  readonly worldOf: (environment: Environment) => World;
  readonly log: Log;
  /** How long the whole answer may take, in milliseconds. */
  readonly patience?: number;
}

/** Two seconds, less what the card takes to be sent. */
const usualPatience = 1700;
/** How far back the last good deployment is looked for. */
const remembered = 50;
const unknown: Finding = { state: "unknown", sentence: "not known" };

export function createStatus({
  ledger,
  environments,
  locks,
  freezeAt,
  maintenance,
  clock,
  worldOf,
  log,
  patience = usualPatience,
}: StatusOptions): ReadStatus {
  return {
    async environments(name) {
      if (name !== undefined && !Object.hasOwn(environments, name)) return undefined;
      const asked = Object.values(environments).filter(
        (one) => name === undefined || one.name === name,
      );
      return Promise.all(asked.map(read));
    },
    async deployment(id) {
      const deployment = await ledger.get(id);
      return deployment !== undefined && Object.hasOwn(environments, deployment.environment)
        ? deployment
        : undefined;
    },
  };

  async function read(environment: Environment): Promise<EnvironmentStatus> {
    const { gitops, registry, cluster, health } = worldOf(environment);
    const { part, unanswered, problems, end } = parts(patience, log);

    // Side by side as far as it goes; what has to wait for another part gets what is left of the time.
    const recent = part("The ledger", ledger.list(environment.name, remembered));
    const lock = part("The ledger", locks.findLock(environment.name, clock.now()));
    const tag = part("GitHub", gitops.readTag());
    const image = tag.then((git) =>
      git?.state === "read" ? part("The registry", registry.resolve(git.tag)) : undefined,
    );
    const live = liveOf(recent, tag, (name) => part("The cluster", cluster.readLive(name)));
    const checks = part("The health checks", health.check());

    const git = await tag;
    const deployments = (await recent) ?? [];
    if (git?.state === "failed") problems.push(git.detail);
    const status = {
      environment: environment.name,
      tag: wanted(git, deployments),
      image: imageFinding(await image),
      ...clusterFindings(await live),
      health: await checks,
      lock: await lock,
      freeze: freezeAt(environment, clock.now()),
      maintenance,
      active: deployments.find((one) => one.state === "active" && one.kind !== "observed"),
      followed: deployments.find((one) => one.state === "active" && one.kind === "observed"),
      last: deployments.find((one) => one.state !== "active"),
      lastGood: deployments.find((one) => one.state === "live"),
    };
    end();
    return { ...status, unanswered, problems };
  }
}

/** What runs, asked at once by the name that the last deployment knew; by Git's where that is another one. */
async function liveOf(
  recent: Promise<readonly Deployment[] | undefined>,
  tag: Promise<TagState | undefined>,
  readLive: (release: ReleaseName) => Promise<LiveState | undefined>,
): Promise<LiveState | undefined> {
  const evidence = (await recent)?.find((one) => one.evidence.proposal !== undefined)?.evidence;
  const known = evidence?.proposal?.release;
  const early = known === undefined ? undefined : readLive(known);
  const git = await tag;
  const release = git?.state === "read" ? git.release : undefined;
  if (release === undefined || isSame(release, known)) return early;
  return readLive(release);
}

function isSame(one: ReleaseName, other: ReleaseName | undefined): boolean {
  return one.name === other?.name && one.namespace === other.namespace;
}

/** What Git wants; by the person who asked omnibot for it, where it was omnibot's own commit. */
function wanted(
  git: TagState | undefined,
  recent: readonly Deployment[],
): EnvironmentStatus["tag"] {
  if (git?.state !== "read") return { wanted: undefined };
  const ours = recent.find((one) => one.evidence.merge?.commit === git.commit.id);
  const by = ours?.requester.name ?? git.commit.author;
  return {
    wanted: git.tag,
    since: git.changedAt,
    ...(by === undefined ? {} : { by }),
    ...(git.commit.url === undefined ? {} : { url: git.commit.url }),
    ...(ours?.kind === "observed" ? { byHand: true } : {}),
  };
}

function imageFinding(image: ImageState | undefined): Finding {
  if (image === undefined) return unknown;
  if (image.state === "absent") return { state: "ill", sentence: "not in the registry" };
  return { state: "well", sentence: `in the registry, ${image.digest.slice(0, 13)}…` };
}

function clusterFindings(live: LiveState | undefined): Pick<EnvironmentStatus, "flux" | "pods"> {
  if (live === undefined) return { flux: unknown, pods: unknown };
  const finding = ({ ok, ...said }: LiveState["flux"]): Finding => ({
    state: ok ? "well" : "ill",
    ...said,
  });
  return { flux: finding(live.flux), pods: finding(live.pods) };
}

interface Parts {
  /** Waits for a part, but not longer than for all of them. */
  readonly part: <T>(what: string, reading: Promise<T>) => Promise<T | undefined>;
  readonly unanswered: string[];
  readonly problems: string[];
  readonly end: () => void;
}

/** A partial answer now is better than a whole one too late: every part has until then, from now on. */
function parts(patience: number, log: Log): Parts {
  const unanswered: string[] = [];
  const problems: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), patience);
  });

  async function part<T>(what: string, reading: Promise<T>): Promise<T | undefined> {
    // A reading that fails after its time is nobody's any more.
    reading.catch(() => {});
    try {
      const answer = await Promise.race([reading, late]);
      if (answer !== "late") return answer;
      unanswered.push(what);
    } catch (error) {
      problems.push(error instanceof ServiceError ? error.message : `${what} could not be read.`);
      if (!(error instanceof ServiceError))
        log.error({ err: error }, "a part of the status failed");
    }
    return undefined;
  }

  return { part, unanswered, problems, end: () => clearTimeout(timer) };
}

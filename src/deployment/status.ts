import type { Environment } from "../config/config.ts";
import type { Deployment, HealthResult } from "./deployment.ts";
import type { Ledger } from "./ledger.ts";
import type { ImageState, TagState, World } from "./ports.ts";
import { ServiceError } from "./service-error.ts";

/** The truth about an environment now, from the live world. Parts that did not answer in time are named in `problems`. */
export interface EnvironmentStatus {
  readonly environment: string;
  /** What Git wants, since when (ms since 1970) and by whom. */
  readonly tag: {
    readonly wanted: string | undefined;
    readonly since?: number;
    readonly by?: string;
  };
  readonly image: Finding;
  readonly flux: Finding;
  readonly pods: Finding;
  readonly health: readonly HealthResult[];
  readonly active: Deployment | undefined;
  /** The newest deployment that ended. */
  readonly last: Deployment | undefined;
  readonly problems: readonly string[];
}

/** The sentence is for people; it may hold words from outside. */
export interface Finding {
  readonly ok: boolean;
  readonly sentence: string;
}

/** Reads one environment, or all; undefined when there is no such environment. */
export type ReadStatus = (
  environment: string | undefined,
) => Promise<readonly EnvironmentStatus[] | undefined>;

export interface StatusOptions {
  readonly ledger: Ledger;
  readonly environments: Readonly<Record<string, Environment>>;
  readonly worldOf: (environment: Environment) => World;
}

/** How long a part of the answer may take, in milliseconds. */
const patience = 4000;
const unread: Finding = { ok: false, sentence: "not known" };

export function createStatus({ ledger, environments, worldOf }: StatusOptions): ReadStatus {
  return async function status(name) {
    if (name !== undefined && !Object.hasOwn(environments, name)) return undefined;
    const asked = Object.values(environments).filter(
      (one) => name === undefined || one.name === name,
    );
    return Promise.all(asked.map(read));
  };

  async function read(environment: Environment): Promise<EnvironmentStatus> {
    const world = worldOf(environment);
    const problems: string[] = [];
    const part = <T>(what: string, reading: Promise<T>) => inTime(what, reading, problems);

    const [tag, health, recent] = await Promise.all([
      part("The GitOps repository", world.gitops.readTag()),
      part("Health", world.health.check()),
      part("The ledger", ledger.list(environment.name, 10)),
    ]);
    const git = tag?.state === "read" ? tag : undefined;
    if (tag?.state === "failed") problems.push(tag.detail);
    const [image, live] = await Promise.all([
      git === undefined ? undefined : part("The registry", world.registry.resolve(git.tag)),
      git === undefined ? undefined : part("The cluster", world.cluster.readLive(git.release)),
    ]);
    return {
      environment: environment.name,
      tag: wanted(git, recent ?? []),
      image: image === undefined ? unread : found(image),
      flux: live?.flux ?? unread,
      pods: live?.pods ?? unread,
      health: health ?? [],
      active: recent?.find((one) => one.state === "active"),
      last: recent?.find((one) => one.state !== "active"),
      problems,
    };
  }
}

/** What Git wants; by the person who asked omnibot for it, where it was omnibot's own commit. */
function wanted(
  read: Extract<TagState, { state: "read" }> | undefined,
  recent: readonly Deployment[],
): EnvironmentStatus["tag"] {
  if (read === undefined) return { wanted: undefined };
  const ours = recent.find((one) => one.evidence.merge?.commit === read.commit.id);
  const by = ours?.requester.name ?? read.commit.author;
  return { wanted: read.tag, since: read.changedAt, ...(by === undefined ? {} : { by }) };
}

function found(image: ImageState): Finding {
  if (image.state === "absent") return { ok: false, sentence: "not in the registry" };
  return { ok: true, sentence: `in the registry, ${image.digest.slice(0, 13)}…` };
}

/** Waits for a part, but not for long: a partial answer now is better than a whole one too late. */
async function inTime<T>(
  what: string,
  reading: Promise<T>,
  problems: string[],
): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), patience);
  });
  try {
    const answer = await Promise.race([reading, late]);
    if (answer !== "late") return answer;
    problems.push(`${what} did not answer in ${patience / 1000} seconds.`);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    problems.push(error.message);
  } finally {
    clearTimeout(timer);
  }
  // A reading that fails after its time is nobody's any more.
  reading.catch(() => {});
  return undefined;
}

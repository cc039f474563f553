import type {
  ChangeEvidence,
  Commit,
  Excerpt,
  HealthResult,
  ReleaseName,
  RunEvidence,
  RunningPod,
  WorkItem,
} from "./deployment.ts";
import type { CauseCode } from "./causes.ts";
import type { Preflight } from "./preflight.ts";

/** What a step needs of the world outside, for one environment. Adapters implement it; the heart knows no vendor. */
export interface World {
  readonly pipelines: Pipelines;
  readonly registry: Registry;
  readonly gitops: GitOps;
  readonly cluster: Cluster;
  readonly health: Health;
  readonly groups: Groups;
}

/** Time, injected so that tests need not wait. Milliseconds since 1970. */
export interface Clock {
  now(): number;
}

/** An answer that ends the deployment, with its code and what was seen. */
export interface Bad {
  readonly state: "failed";
  readonly code: CauseCode;
  readonly detail: string;
  readonly excerpt?: Excerpt;
  readonly url?: string;
}

// --- Azure DevOps ----------------------------------------------------------------------------------------------------

export interface Pipelines {
  /** The head of the configured branch in the repository that the pipeline builds. */
  readHead(): Promise<Commit | Bad>;
  /** What a commit has that a build has not; undefined where the service cannot tell. */
  readChanges(fromBuild: number, toCommit: string): Promise<Changes | undefined>;
  /** The run that carries this deployment's key; without a marker, the one candidate started for it since `since`. */
  findRun(start: RunRequest, since: number): Promise<RunEvidence | undefined>;
  /** Starts a run at exactly this commit. Sends at most one request. */
  startRun(start: RunRequest): Promise<RunEvidence | Bad>;
  /** What would keep this commit from being built. Starts nothing. */
  preflight(commit: string): Promise<Preflight>;
  readRun(id: number): Promise<RunState>;
  /** Asks for the end of a run. Safe to repeat; one that has ended is left as it is. */
  cancelRun(id: number): Promise<void>;
  /** A build of the configured pipeline by its number; undefined when there is none. */
  readBuild(id: number): Promise<RunEvidence | undefined>;
  /** Whether a run that was started can be found with certainty (a marker is configured). */
  readonly marked: boolean;
}

export interface Changes {
  /** Newest first; not all of them where there are very many. */
  readonly commits: readonly Commit[];
  /** How many there are; where only the first were counted, there are at least so many. */
  readonly count: number;
  readonly atLeast?: boolean;
  /** A page that shows all of them. */
  readonly url?: string;
  /** What is linked with them, where the service knows; a few. */
  readonly workItems?: readonly WorkItem[];
}

export interface RunRequest {
  readonly key: string;
  readonly commit: string;
}

export type RunState =
  | {
      readonly state: "queued" | "running";
      readonly sentence: string;
      /** The cause, should this last too long. */
      readonly late?: CauseCode;
    }
  | { readonly state: "succeeded"; readonly run: RunEvidence }
  | Bad;

// --- Container registry ----------------------------------------------------------------------------------------------

export interface Registry {
  /** Resolves a tag to its digest, and to every digest that a node may report for it. */
  resolve(tag: string): Promise<ImageState>;
}

export type ImageState =
  | { readonly state: "found"; readonly digest: string; readonly digests: readonly string[] }
  | { readonly state: "absent" };

// --- GitOps repository -----------------------------------------------------------------------------------------------

export interface GitOps {
  /** The tag that the branch wants now, or why it cannot be read. */
  readTag(): Promise<TagState>;
  /** What would keep a change from being pushed and merged. */
  preflight(): Promise<Preflight>;
  /** The branch with the change, where it exists: `base` is the commit it was made from, `head` its newest. */
  findBranch(branch: string): Promise<BranchState | undefined>;
  /** Creates the branch at the head of the configured branch. */
  createBranch(branch: string): Promise<BranchState>;
  /** The commit on the branch whose file already carries the tag. */
  findCommit(branch: string, tag: string): Promise<CommitState | undefined>;
  /** Writes the tag, and nothing else, on the branch. */
  commitTag(branch: string, tag: string, message: string): Promise<CommitState | Bad>;
  /** The pull request of the branch, whatever became of it. */
  findPullRequest(branch: string): Promise<PullRequest | undefined>;
  openPullRequest(branch: string, title: string, body: string): Promise<PullRequest>;
  /** Closes a pull request without a merge. Safe to repeat; a merged one stays merged, as its state then says. */
  closePullRequest(number: number): Promise<PullRequest>;
  /** Reads the pull request again, with what it changes. */
  readPullRequest(number: number): Promise<PullRequestDetails>;
  /** What became of the merge; undefined while none was asked for. `request` is what an earlier answer called itself. */
  findMerge(change: ChangeEvidence, request: string | undefined): Promise<MergeState | undefined>;
  /** Merges at exactly the head that we pushed. Safe to repeat. */
  merge(change: ChangeEvidence, title: string, message: string): Promise<MergeState>;
  /** The commits that changed the file, newest first, thirty at most. Asking again costs little while there is no new one. */
  readFileCommits(): Promise<readonly FileCommit[]>;
  /** The tag that the file has at a commit of its history. */
  readTagAt(commit: string): Promise<TagAt | Bad>;
  /** How a commit stands to another in the history; `unknown` where GitHub does not know one of them. */
  compare(commit: string, other: string): Promise<Relation>;
  /** Removes the branch after the merge; one that is gone already is fine. */
  deleteBranch(branch: string): Promise<void>;
}

/** The other one is the same, comes after it, before it, or neither. */
export type Relation = "same" | "descendant" | "ancestor" | "apart" | "unknown";

export interface FileCommit {
  readonly commit: Commit;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface TagAt {
  readonly state: "read";
  readonly tag: string;
  /** metadata.name and metadata.namespace of the HelmRelease. */
  readonly release: ReleaseName;
}

export type TagState =
  | (TagAt & {
      /** The newest commit that changed the file. */
      readonly commit: Commit;
      readonly changedAt: number;
      /** The line of the tag, where Flux's image automation has marked it as its own. */
      readonly automatedAt?: number;
      /** Other lines of the file that hold the same tag, and would keep it. */
      readonly alsoAt?: readonly number[];
    })
  | Bad;

export interface BranchState {
  readonly head: string;
}

export interface CommitState {
  readonly state: "committed";
  readonly head: string;
  /** The tag that stood there before. */
  readonly from: string;
}

export interface PullRequest {
  readonly number: number;
  readonly url: string;
  readonly head: string;
  readonly state: "open" | "closed" | "merged";
}

export interface PullRequestDetails extends PullRequest {
  readonly files: readonly {
    readonly path: string;
    readonly additions: number;
    readonly deletions: number;
  }[];
}

export interface Blocked {
  readonly state: "blocked";
  /** The service's own words. */
  readonly by: readonly string[];
  /** The cause, should this last too long. */
  readonly late?: CauseCode;
}

export type MergeState =
  | { readonly state: "merged"; readonly commit: string; readonly url: string }
  | {
      readonly state: "merging";
      readonly request?: string;
      /** What an earlier try was blocked by, as long as this one has not ended. */
      readonly after?: Blocked;
    }
  | Blocked
  | { readonly state: "moved"; readonly head: string }
  | { readonly state: "conflict" }
  | { readonly state: "closed" };

// --- Cluster ---------------------------------------------------------------------------------------------------------

export interface Cluster {
  /** Tells Flux that there is a new commit; `off` where the configuration says to wait for its own interval. */
  poke(): Promise<"poked" | "off">;
  /** How far Flux has brought this commit and tag. */
  readFlux(wanted: Wanted): Promise<FluxState>;
  /** How the pods of every workload that carries the image stand. */
  readRollout(wanted: Wanted & { readonly digests: readonly string[] }): Promise<RolloutState>;
  /** What would keep a new tag from being applied, on a cluster that should carry the tag `now`. */
  preflight(release: ReleaseName, now: string): Promise<Preflight>;
  /** What runs now, whatever was wanted: for `status`. */
  readLive(release: ReleaseName): Promise<LiveState>;
  /** Calls `hint` whenever something changes that the deployment of this release may wait for, until stopped. */
  watch(release: ReleaseName, hint: () => void): { stop(): void };
}

export interface Wanted {
  readonly release: ReleaseName;
  readonly tag: string;
  /** The merge commit. */
  readonly commit: string;
  /** When it was merged: a failure that is older is not ours. */
  readonly since: number;
  /** The HelmRelease's generation that carried the tag first, once that was seen, and when it was (ms since 1970). */
  readonly generation?: number;
  readonly appliedAt?: number;
}

export type FluxState =
  | {
      readonly state: "fetching" | "applying";
      readonly sentence: string;
      /** The cause, should this last too long. */
      readonly late?: CauseCode;
    }
  | {
      readonly state: "upgrading";
      readonly generation: number;
      /** What Flux applied; `commit` where that revision names one in Git. */
      readonly revision?: string;
      readonly commit?: string;
      readonly sentence: string;
      readonly late?: CauseCode;
    }
  | {
      readonly state: "released";
      readonly generation: number;
      readonly revision?: string;
      readonly commit?: string;
      /** Version of the Helm release. */
      readonly release: number | undefined;
    }
  | (Bad & {
      /** Whether Flux does no more about it by itself: neither tries again nor rolls back. */
      readonly settled?: true;
    });

export type RolloutState =
  | {
      readonly state: "progressing";
      readonly pods: number;
      readonly podsReady: number;
      readonly sentence: string;
      /** Whether any workload carries the tag: not before Helm has changed one, and not after a rollback. */
      readonly carried: boolean;
      /** The tag that the other pods run. */
      readonly oldTag?: string;
      readonly suspicion?: Suspicion;
    }
  | {
      readonly state: "ready";
      readonly pods: number;
      readonly digest: string | undefined;
      readonly running: readonly RunningPod[];
    }
  | (Bad & {
      /** For how long it is worth hoping that it heals by itself, in milliseconds; missing where it will not. */
      readonly patience?: number;
    });

/** What it would be, if it stays like this: told on the card, and no failure yet. */
export interface Suspicion {
  readonly code: CauseCode;
  readonly detail: string;
  readonly excerpt?: Excerpt;
}

/** What runs now. Texts are sentences for people; `ok` says whether all is well. */
export interface LiveState {
  /** The tag that the HelmRelease wants, as the cluster has it. */
  readonly tag: string | undefined;
  /** `since`: when Helm deployed it, ms since 1970. */
  readonly flux: { readonly ok: boolean; readonly sentence: string; readonly since?: number };
  readonly pods: { readonly ok: boolean; readonly sentence: string };
}

// --- Health ----------------------------------------------------------------------------------------------------------

export interface Health {
  /** Asks every configured endpoint once; those that say their version shall answer as this one, where one is given. */
  check(version?: Version): Promise<readonly HealthResult[]>;
}

/** What an application may call its version: the image's tag, the build in it, or the commit. */
export interface Version {
  readonly tag: string;
  readonly commit?: string;
}

// --- Entra -----------------------------------------------------------------------------------------------------------

export interface Groups {
  /** Whether somebody (an Entra object id) is in one of these groups, however deep. What is not certain is an error. */
  hasMember(groups: readonly string[], person: string): Promise<boolean>;
}

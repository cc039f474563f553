import type { Service } from "./service-error.ts";
import type { CauseCode } from "./causes.ts";

/** Somebody of the tenant. Identity is the Entra object id alone; the name is for show. */
export interface Person {
  readonly id: string;
  readonly name: string;
}

/** `observed`: somebody changed the tag in Git past omnibot, and omnibot follows what becomes of it. */
export type Kind = "deploy" | "rollback" | "observed";

/** What shall be live: the head of the configured branch, freshly built, a build that exists, or what Git says already. */
export type Target =
  | { readonly from: "branch" }
  | { readonly from: "git" }
  | {
      readonly from: "build";
      readonly build: number;
      /** The image that was proven healthy as this build. */
      readonly digest?: string;
      /** omnibot went back by itself, as the environment's configuration says: nobody is asked. */
      readonly automatic?: boolean;
    };

/** Name of a step (steps.ts). A string, since a row may name a step that only another version of omnibot knows. */
export type StepName = string;

/** `active` is worked on; every other state is final, but for a failure that heals while it is followed. */
export type State = "active" | "live" | "failed" | "rejected" | "expired" | "canceled";

/** One line of the story: a step, how it stands, and since when. Times are milliseconds since 1970. */
export interface Progress {
  readonly step: StepName;
  /** The step's word on the card, such as "Build". */
  readonly title: string;
  readonly state: "pending" | "running" | "done" | "failed";
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** How long nobody looked although it was time, in milliseconds: that does not count towards its deadline. */
  readonly missed?: number;
  /** What a running step waits for, or how it went. */
  readonly sentence?: string;
}

export interface Approval {
  readonly person: Person;
  readonly at: number;
}

export interface Rejection {
  readonly person: Person;
  readonly at: number;
  readonly reason: string;
}

/** Why a deployment failed: a stable code with its words in causes.ts, and what was seen. */
export interface Failure {
  readonly code: string;
  readonly step: StepName;
  /** What exactly was seen, one sentence. May hold words from outside: escape it where it leaves. */
  readonly detail: string;
  /** The few lines that matter, of a log for example. From outside: escape them where they leave. */
  readonly excerpt?: Excerpt;
  readonly url?: string;
  /** Who did not answer, or refused, where that was it. */
  readonly service?: Service;
  /** What people may go back to. */
  readonly wayBack?: WayBack;
  /** What became of it after it was told. */
  readonly aftermath?: Aftermath;
}

export interface Aftermath {
  /** "Flux rolled back to production-40655." May hold words from outside. */
  readonly sentence: string;
  /** Whether another tag runs again, which people must know. */
  readonly rolledBack: boolean;
}

/** A failure is not the end for Flux, which tries again or rolls back: it is looked at further, as long as that takes. */
export interface Following {
  /** When that ends at the latest, ms since 1970. */
  readonly until: number;
  /** How it looks now. */
  readonly sentence: string;
}

/** A build that was proven healthy before. */
export interface WayBack {
  readonly build: number;
  readonly tag: string;
  readonly digest?: string;
  /** omnibot goes back by itself. */
  readonly automatic?: boolean;
  /** The deployment that was asked for by the button of this failure, or that omnibot began. */
  readonly asked?: number;
}

export interface Excerpt {
  readonly title: string;
  readonly lines: readonly string[];
}

/** The links of the chain of evidence, in its order. */
export const links = [
  "proposal",
  "edit",
  "run",
  "image",
  "change",
  "merge",
  "sync",
  "release",
  "rollout",
  "health",
] as const;

export type Link = (typeof links)[number];

/** When a link became known as it is now (ms since 1970), and who said so. */
export interface Witness {
  readonly at: number;
  readonly source: string;
}

/** What is known for certain, link by link. Each step adds its own part and never changes another's. */
export interface Evidence {
  readonly proposal?: Proposal;
  readonly edit?: EditEvidence;
  readonly run?: RunEvidence;
  readonly image?: ImageEvidence;
  readonly change?: ChangeEvidence;
  readonly merge?: MergeEvidence;
  readonly sync?: SyncEvidence;
  readonly release?: ReleaseEvidence;
  readonly rollout?: RolloutEvidence;
  readonly health?: HealthEvidence;
  /** Of the links above; missing for what an earlier version wrote. */
  readonly witnesses?: Readonly<Partial<Record<Link, Witness>>>;
}

/** What the approvers were shown. The commit is the one that will be built, whatever happens to the branch meanwhile. */
export interface Proposal {
  readonly commit?: Commit;
  readonly branch?: string;
  /** The HelmRelease that the file describes. */
  readonly release: ReleaseName;
  /** The tag that Git wants now. */
  readonly liveTag: string;
  readonly liveSince?: number;
  /** The tag that would be live; unknown before the build has a number. */
  readonly tag?: string;
  /** The image that this tag named then, where the build exists. */
  readonly digest?: string;
  /**
   * What would ship, or what a rollback takes back; newest first, where it is known: the first few, how many in all (or at
   * least), a page with all of them, and the work items that are linked with them.
   */
  readonly changes?: readonly Commit[];
  readonly changeCount?: number;
  readonly changesAtLeast?: boolean;
  readonly changesUrl?: string;
  readonly workItems?: readonly WorkItem[];
  /** What stood in the way when it was shown, and what could not be checked then. Sentences; from outside: escape them. */
  readonly warnings?: readonly string[];
  readonly unchecked?: readonly string[];
  /** What had come up by the moment of the approval. Sentences; from outside: escape them. */
  readonly news?: readonly string[];
}

export interface ReleaseName {
  readonly name: string;
  readonly namespace?: string | undefined;
}

export interface Commit {
  readonly id: string;
  /** When it was committed, ms since 1970; missing where the service did not say, and in what earlier versions wrote. */
  readonly at?: number;
  readonly message?: string;
  readonly author?: string;
  readonly url?: string;
}

/** What somebody asked for or complained of, as a tracker has it. The title is missing where omnibot may not read it. */
export interface WorkItem {
  readonly id: number;
  readonly title?: string;
  readonly url: string;
}

/** A change of the file in Git that somebody made past omnibot. */
export interface EditEvidence {
  readonly commit: string;
  readonly url: string;
  readonly author: string;
  /** When it was committed, ms since 1970. */
  readonly at: number;
  /** The tag before it. */
  readonly from: string;
  /** The tag since then; missing where the file cannot be used any more. */
  readonly to?: string;
  /** How many commits changed the file since the last look; this is the one that made it what it is. */
  readonly commits: number;
}

export interface RunEvidence {
  readonly id: number;
  readonly number: string;
  readonly commit: string;
  readonly url: string;
}

export interface ImageEvidence {
  readonly tag: string;
  readonly digest: string;
  /** Every digest that a node may report for this image: the index, its platforms' manifests, their configurations. */
  readonly digests: readonly string[];
}

export interface ChangeEvidence {
  readonly branch: string;
  readonly head: string;
  readonly pullRequest: number;
  readonly url: string;
  readonly from: string;
  readonly to: string;
}

export interface MergeEvidence {
  readonly commit: string;
  readonly url: string;
}

export interface SyncEvidence {
  /** metadata.generation of the HelmRelease that carries the tag. */
  readonly generation: number;
  /** The revision that Flux applied then, for example main@sha1:…. */
  readonly revision?: string;
  /** How that revision's commit stands to the merge, as Git has it; missing where the revision names no commit. */
  readonly relation?: "same" | "descendant";
}

export interface ReleaseEvidence {
  /** Version of the Helm release. */
  readonly version: number;
  /** metadata.generation of the HelmRelease that was released. */
  readonly generation: number;
}

export interface RolloutEvidence {
  /** Since when every look found everything ready; missing while it is not. */
  readonly readySince?: number;
  readonly pods: number;
  readonly podsReady: number;
  readonly digest?: string;
  /** The pods that were ready at last, at most twenty of them. */
  readonly running?: readonly RunningPod[];
  /** Where earlier versions wrote the version of the Helm release. */
  readonly release?: number;
  /** What the pods are suspected of. */
  readonly suspicion?: SuspicionEvidence;
}

/** What it would be, if it stays; the text is from outside. */
export interface SuspicionEvidence {
  readonly code: CauseCode;
  readonly detail: string;
  readonly excerpt?: Excerpt;
  /** Since when, ms since 1970. */
  readonly since: number;
}

export interface RunningPod {
  /** "Deployment omnispatial-web" */
  readonly workload: string;
  readonly pod: string;
  /** Of the image that it runs, as its node reports it. */
  readonly digest?: string;
}

export interface HealthEvidence {
  readonly checks: readonly HealthResult[];
  /** How often in a row every endpoint answered well. */
  readonly successes: number;
  /** Since when some endpoint is not well, without a good look in between (ms since 1970). */
  readonly badSince?: number;
}

export interface HealthResult {
  readonly name: string;
  readonly ok: boolean;
  /** The status, or what went wrong. */
  readonly answer: string;
  /** What kind of wrong, where it is not the status. */
  readonly trouble?: "unreachable" | "certificate" | "version";
}

/** One deployment: the row that is the whole truth about it. Times are milliseconds since 1970. */
export interface Deployment {
  /** The number that people see, #128. */
  readonly id: number;
  /** Unique beyond this ledger: marks the run, the branch and the pull request. */
  readonly key: string;
  readonly kind: Kind;
  readonly environment: string;
  readonly target: Target;
  readonly requester: Person;
  readonly requestedAt: number;
  readonly state: State;
  readonly progress: readonly Progress[];
  readonly evidence: Evidence;
  readonly approvals: readonly Approval[];
  readonly rejection?: Rejection;
  /** Who wants it stopped. Whether that was in time, the state tells. */
  readonly cancellation?: Approval;
  readonly failure?: Failure;
  /** How often somebody had a failed step tried again. */
  readonly retries?: number;
  /** Present while a failed deployment is looked at further. */
  readonly following?: Following;
  /** The failure that was told before the deployment turned out to be live after all. */
  readonly healed?: Failure;
  /** Why it goes past locks, freezes and blocks. Only who may do that says so. */
  readonly override?: { readonly reason: string };
  /** When the pending request expires. */
  readonly expiresAt: number;
  readonly endedAt?: number;
  /** Counts the saves; the thread shows the picture of one revision. */
  readonly revision: number;
}

/** Whether somebody still has to look at it: it is under way, or it failed and may heal. */
export function isWorkedOn({ state, following }: Pick<Deployment, "state" | "following">): boolean {
  return state === "active" || following !== undefined;
}

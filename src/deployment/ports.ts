import type {
  Approval,
  ChangeEvidence,
  Commit,
  Deployment,
  Excerpt,
  HealthResult,
  ReleaseName,
  RunEvidence,
} from "./deployment.ts";
import type { CauseCode } from "./causes.ts";
import { withoutSecrets } from "./secrets.ts";

/** What a step needs of the world outside, for one environment. Adapters implement it; the heart knows no vendor. */
export interface World {
  readonly pipelines: Pipelines;
  readonly registry: Registry;
  readonly gitops: GitOps;
  readonly cluster: Cluster;
  readonly health: Health;
}

/** Time, injected so that tests need not wait. Milliseconds since 1970. */
export interface Clock {
  now(): number;
}

export type Service =
  | "azure-devops"
  | "registry"
  | "github"
  | "kubernetes"
  | "flux"
  | "health"
  | "teams"
  | "ledger";

/**
 * A call to a service went wrong in a way that is nobody's decision: it did not answer, it refused us, it asked for
 * patience. Expected answers ("there is no such tag") are values of the ports' unions, never this. Its message may be shown:
 * what looks like a secret is left out.
 */
export class ServiceError extends Error {
  readonly service: Service;
  /** `unreachable`: no usable answer. `throttled`: come back later. `denied`: not allowed. `invalid`: refused as wrong. */
  readonly trouble: "unreachable" | "throttled" | "denied" | "invalid";
  /** Whether the call may have had its effect: `none` is certain, `unknown` must be looked up before it is repeated. */
  readonly effect: "none" | "unknown";
  /** Milliseconds that the service asked us to wait. */
  readonly retryAfter: number | undefined;

  constructor(
    service: Service,
    trouble: ServiceError["trouble"],
    effect: ServiceError["effect"],
    message: string,
    options: { readonly cause?: unknown; readonly retryAfter?: number | undefined } = {},
  ) {
    super(withoutSecrets(message), { cause: options.cause });
    this.name = "ServiceError";
    this.service = service;
    this.trouble = trouble;
    this.effect = effect;
    this.retryAfter = options.retryAfter;
  }
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
  readHead(): Promise<Commit>;
  /** Commits between a build and a commit that would be built, newest first; undefined where the service cannot tell. */
  readChanges(fromBuild: number, toCommit: string): Promise<readonly Commit[] | undefined>;
  /** The run that carries this deployment's key; without a marker, the one candidate started for it since `since`. */
  findRun(start: RunRequest, since: number): Promise<RunEvidence | undefined>;
  /** Starts a run at exactly this commit. Sends at most one request. */
  startRun(start: RunRequest): Promise<RunEvidence | Bad>;
  readRun(id: number): Promise<RunState>;
  /** A build of the configured pipeline by its number; undefined when there is none. */
  readBuild(id: number): Promise<RunEvidence | undefined>;
  /** Whether a run that was started can be found with certainty (a marker is configured). */
  readonly marked: boolean;
}

export interface RunRequest {
  readonly key: string;
  readonly commit: string;
}

export type RunState =
  | { readonly state: "queued" | "running"; readonly sentence: string }
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
  /** Reads the pull request again, with what it changes. */
  readPullRequest(number: number): Promise<PullRequestDetails>;
  /** What became of the merge; undefined while none was asked for. `request` is what an earlier answer called itself. */
  findMerge(change: ChangeEvidence, request: string | undefined): Promise<MergeState | undefined>;
  /** Merges at exactly the head that we pushed. Safe to repeat. */
  merge(change: ChangeEvidence, title: string, message: string): Promise<MergeState>;
  /** Removes the branch after the merge; one that is gone already is fine. */
  deleteBranch(branch: string): Promise<void>;
}

export type TagState =
  | {
      readonly state: "read";
      readonly tag: string;
      /** The newest commit that changed the file. */
      readonly commit: Commit;
      readonly changedAt: number;
      /** metadata.name and metadata.namespace of the HelmRelease. */
      readonly release: ReleaseName;
    }
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

export type MergeState =
  | { readonly state: "merged"; readonly commit: string; readonly url: string }
  | { readonly state: "merging"; readonly request?: string }
  | { readonly state: "blocked"; readonly by: readonly string[] }
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
  /** The HelmRelease's generation that carried the tag first, once that was seen. */
  readonly generation?: number;
}

export type FluxState =
  | { readonly state: "fetching" | "applying"; readonly sentence: string }
  | {
      readonly state: "upgrading";
      readonly generation: number;
      readonly revision?: string;
      readonly sentence: string;
    }
  | {
      readonly state: "released";
      readonly generation: number;
      readonly revision?: string;
      /** Version of the Helm release. */
      readonly release: number | undefined;
    }
  | Bad;

export type RolloutState =
  | {
      readonly state: "progressing";
      readonly pods: number;
      readonly podsReady: number;
      readonly sentence: string;
    }
  | { readonly state: "ready"; readonly pods: number; readonly digest: string | undefined }
  | Bad;

/** What runs now. Texts are sentences for people; `ok` says whether all is well. */
export interface LiveState {
  /** The tag that the HelmRelease wants, as the cluster has it. */
  readonly tag: string | undefined;
  readonly flux: { readonly ok: boolean; readonly sentence: string };
  readonly pods: { readonly ok: boolean; readonly sentence: string };
}

// --- Health ----------------------------------------------------------------------------------------------------------

export interface Health {
  /** Asks every configured endpoint once. */
  check(): Promise<readonly HealthResult[]>;
}

// --- Ledger ----------------------------------------------------------------------------------------------------------

/** Where a request came from: stored so that a redelivery changes nothing, and so that the thread can be found again. */
export interface Delivery {
  /** Id of the message or click, unique in its conversation. */
  readonly id: string;
  /** Id of the conversation, with its thread. */
  readonly conversation: string;
  /** What teams/ needs to speak in that thread again, opaque to everybody else. */
  readonly reference: string;
}

export type NewDeployment = Pick<
  Deployment,
  "key" | "kind" | "environment" | "target" | "requester" | "requestedAt" | "expiresAt" | "progress"
>;

export type Created =
  | { readonly state: "created"; readonly deployment: Deployment }
  | { readonly state: "repeated" }
  | { readonly state: "busy"; readonly deployment: Deployment };

/** A row that this process may work on until the lease ends, unless somebody else saved it since. */
export interface Claim {
  readonly deployment: Deployment;
  readonly owner: string;
  /** Fence: a save succeeds only while the row still has this version. */
  readonly version: number;
  readonly trouble: Trouble | undefined;
  /** How often the row had been woken when it was claimed: a wake during the look must not be lost. */
  readonly wakes: number;
}

/** Looks in a row that ended with a ServiceError. */
export interface Trouble {
  readonly since: number;
  readonly count: number;
  readonly message: string;
}

export interface AuditEntry {
  readonly at: number;
  readonly deploymentId: number | undefined;
  /** Who decided: a person's Entra id and name, or omnibot itself. */
  readonly actor: { readonly id: string; readonly name: string } | "omnibot";
  /** A stable word, such as `requested`, `approved`, `intent:start-run`, `done:merge`. */
  readonly action: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface Effect {
  readonly name: string;
  readonly status: "intent" | "done";
  readonly intentAt: number;
  /** The last answer; undefined while none arrived. */
  readonly result: unknown;
}

/** The one ledger: every method is one transaction. */
export interface Ledger {
  /** Creates the row, its thread, its audit entry, and remembers the delivery; one active row per environment. */
  create(request: NewDeployment, delivery: Delivery): Promise<Created>;
  get(id: number): Promise<Deployment | undefined>;
  findActive(environment: string): Promise<Deployment | undefined>;
  /** The newest deployments of an environment, newest first. */
  list(environment: string, limit: number): Promise<readonly Deployment[]>;
  /** Whether this conversation is the deployment's own thread. */
  isThread(id: number, conversation: string): Promise<boolean>;
  /** Adds one person's approval, once; undefined when the row is not waiting for approval any more. */
  approve(id: number, approval: Approval): Promise<Deployment | undefined>;
  /** Ends a waiting request; undefined when the row is not waiting for approval any more. */
  reject(id: number, approval: Approval, reason: string): Promise<Deployment | undefined>;
  /** Remembers a delivery that creates nothing; false when it is known already. */
  remember(delivery: Pick<Delivery, "id" | "conversation">, at: number): Promise<boolean>;
  audit(entry: AuditEntry): Promise<void>;

  /** Takes the row that has been due longest, if any. */
  claim(owner: string, now: number, leaseUntil: number): Promise<Claim | undefined>;
  /** Saves what a look found, and lets the row go until `nextAt`; false when the row was taken over meanwhile. */
  save(claim: Claim, update: Update): Promise<boolean>;
  /** Keeps a claimed row for longer; false when it was taken over meanwhile. */
  renew(claim: Claim, leaseUntil: number): Promise<boolean>;
  /** Brings the next look forward to `now`. */
  wake(id: number, now: number): Promise<void>;
  /** When the next row is due; undefined when nothing is active. */
  nextDue(): Promise<number | undefined>;

  findEffect(deploymentId: number, name: string): Promise<Effect | undefined>;
  /** Saves the intent and its audit entry, and renews the lease; false when the row was taken over meanwhile. */
  intend(
    claim: Claim,
    name: string,
    at: number,
    leaseUntil: number,
    facts: AuditEntry["facts"],
  ): Promise<boolean>;
  /** Records what came of an effect; `done` ends it, `intent` keeps an answer that is not final yet. */
  settle(
    claim: Claim,
    name: string,
    status: Effect["status"],
    result: unknown,
    at: number,
  ): Promise<void>;
  /** Takes an intent back that certainly had no effect. */
  forget(claim: Claim, name: string, at: number, why: string): Promise<void>;
}

/** What a look changes in the row. */
export interface Update {
  readonly deployment: Deployment;
  /** When to look again, ms since 1970. */
  readonly nextAt: number;
  readonly trouble: Trouble | undefined;
  readonly audit: readonly AuditEntry[];
}

// --- Threads ---------------------------------------------------------------------------------------------------------

/** What a deployment's thread shows, as far as it was sent. */
export interface Thread {
  readonly deployment: Deployment;
  readonly conversation: string;
  readonly reference: string;
  /** What was sent so far, opaque to everybody but teams/. */
  readonly sent: string | undefined;
}

export interface ThreadClaim extends Thread {
  readonly owner: string;
  /** Fence, as in a Claim. */
  readonly version: number;
  /** The revision of the deployment that this claim shows. */
  readonly revision: number;
}

export interface Threads {
  /** Takes a thread that does not show its deployment's newest revision and is due, if any. */
  claimThread(owner: string, now: number, leaseUntil: number): Promise<ThreadClaim | undefined>;
  /** Saves what was sent and keeps the claim: before and after every post. False when it was taken over. */
  keepThread(claim: ThreadClaim, sent: string, leaseUntil: number): Promise<boolean>;
  /** Lets the thread go: it shows `revision`, or is looked at again at `nextAt`. */
  releaseThread(
    claim: ThreadClaim,
    sent: string | undefined,
    shownRevision: number,
    nextAt: number,
  ): Promise<void>;
}

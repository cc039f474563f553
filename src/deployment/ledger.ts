import type { Approval, Deployment } from "./deployment.ts";
import type { Block, Lock } from "./locks.ts";
import type { Service, ServiceError } from "./service-error.ts";

/** Where a request came from: stored so that a redelivery changes nothing, and so that the thread can be found again. */
export interface Delivery {
  /** Id of the message or click, unique in its conversation. */
  readonly id: string;
  /** Id of the conversation, with its thread. */
  readonly conversation: string;
  /** What teams/ needs to speak in that thread again, opaque to everybody else. */
  readonly reference: string;
  /** Whether it may come again after a refusal, as another press of the same button does. Once it has created, it has. */
  readonly untilCreated?: boolean;
}

export type NewDeployment = Pick<
  Deployment,
  | "key"
  | "kind"
  | "environment"
  | "target"
  | "requester"
  | "requestedAt"
  | "expiresAt"
  | "progress"
  | "override"
> & {
  /** The failed deployment whose way back this is: it is told the number of this one, in the same moment. */
  readonly undoes?: number;
};

export type Created =
  | { readonly state: "created"; readonly deployment: Deployment }
  /** Somebody keeps the environment for themselves, or nobody may deploy this build. */
  | { readonly state: "locked"; readonly lock: Lock }
  | { readonly state: "blocked"; readonly block: Block }
  /** The same delivery has created this one; unknown where its thread is forgotten. */
  | { readonly state: "repeated"; readonly deployment: Deployment | undefined }
  | { readonly state: "busy"; readonly deployment: Deployment };

/** A row that this process may work on until the lease ends, unless somebody else saved it since. */
export interface Claim {
  readonly deployment: Deployment;
  readonly owner: string;
  /** Fence: a save succeeds only while the row still has this version. */
  readonly version: number;
  /** When the row was due, ms since 1970: if that is long ago, nobody was there. */
  readonly dueAt: number;
  readonly trouble: Trouble | undefined;
  /** How often the row had been woken when it was claimed: a wake during the look must not be lost. */
  readonly wakes: number;
}

export type Saved =
  | { readonly state: "let-go" }
  | { readonly state: "kept"; readonly claim: Claim }
  /** Nothing was saved: somebody else has taken the row over. */
  | { readonly state: "lost" };

/** `stranger`: a step or an environment that this process does not know; another version or configuration may. */
export type TroubleKind = ServiceError["trouble"] | "bug" | "stranger";

/** Looks in a row that ended with a ServiceError, or by a bug. */
export interface Trouble {
  /** Missing in what an earlier version wrote. */
  readonly kind?: TroubleKind;
  /** When this kind of trouble began, ms since 1970. */
  readonly since: number;
  readonly count: number;
  readonly message: string;
  readonly service?: Service;
  /** Until when the service asked for patience, ms since 1970: a hint does not shorten that. */
  readonly notBefore?: number;
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
  /** The deployments of an environment that were asked for or ended since then (ms since 1970), newest first, `limit` at most. */
  listSince(environment: string, since: number, limit: number): Promise<readonly Deployment[]>;
  /** Every deployment that somebody still has to look at, of all environments. */
  listWorkedOn(): Promise<readonly Deployment[]>;
  /** Whether this conversation is the deployment's own thread. */
  isThread(id: number, conversation: string): Promise<boolean>;
  /**
   * Adds one person's approval, once; undefined when the row is not waiting for approval any more, or has the number of them
   * that are required.
   */
  approve(id: number, approval: Approval, required: number): Promise<Deployment | undefined>;
  /** Ends a waiting request; undefined when the row is not waiting for approval any more. */
  reject(id: number, approval: Approval, reason: string): Promise<Deployment | undefined>;
  /** Remembers a delivery that creates nothing; false when it is known already. */
  remember(delivery: Pick<Delivery, "id" | "conversation">, at: number): Promise<boolean>;
  audit(entry: AuditEntry): Promise<void>;

  /** Takes the row that has been due longest, if any. */
  claim(owner: string, now: number, leaseUntil: number): Promise<Claim | undefined>;
  /**
   * Saves what a look found, and lets the row go until `nextAt`. With `keepUntil` (ms since 1970) the row is kept for the next
   * look, unless somebody woke it meanwhile: then it has to be claimed, and read, again.
   */
  save(claim: Claim, update: Update, keepUntil?: number): Promise<Saved>;
  /** Keeps a claimed row for longer; false when it was taken over meanwhile. */
  renew(claim: Claim, leaseUntil: number): Promise<boolean>;
  /** Brings the next look forward to `now`. */
  wake(id: number, now: number): Promise<void>;
  /** Brings the next look forward to `at`, which may lie ahead; what a look that is under way did not see is seen then. */
  bringForward(id: number, now: number, at: number): Promise<void>;
  /** When the next row is due; undefined when nothing is active. */
  nextDue(): Promise<number | undefined>;

  /** Takes the next look at an environment's file: one process at a time, until `until`. */
  beginWatch(environment: string, now: number, until: number): Promise<Watch>;
  /** Brings the next look at an environment's file forward to `at`. */
  bringWatchForward(environment: string, at: number): Promise<void>;
  /**
   * Moves the mark, and with it creates the row and the thread of a change that was noticed; false when somebody else moved
   * it meanwhile: whatever was noticed is theirs to tell.
   */
  moveMark(
    environment: string,
    from: Mark | undefined,
    to: Mark,
    noticed?: Noticed,
  ): Promise<boolean>;

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

/** Up to where an environment's file in Git was watched. */
export interface Mark {
  /** Which file that is: of another one nothing is known. */
  readonly place: string;
  /** The newest commit of the file then. */
  readonly commit: string;
  /** The tag then; where it could not be read, the last that could. */
  readonly tag: string;
  /** Why it could not be read. */
  readonly broken?: string;
}

export type Watch =
  | { readonly state: "yours"; readonly mark: Mark | undefined }
  /** When the next look is due, ms since 1970. */
  | { readonly state: "later"; readonly at: number };

/** A change past omnibot, with the place where it is told. */
export interface Noticed {
  readonly deployment: NewDeployment & Pick<Deployment, "evidence">;
  readonly place: Place;
}

/** A channel, where a thread is begun, or a thread. */
export type Place = Pick<Delivery, "conversation" | "reference">;

/** What a look changes in the row. */
export interface Update {
  readonly deployment: Deployment;
  /** When to look again, ms since 1970. */
  readonly nextAt: number;
  readonly trouble: Trouble | undefined;
  readonly audit: readonly AuditEntry[];
  /** What begins in the moment in which this one ends, in the same thread. */
  readonly next?: NewDeployment;
  /** What keeps the environment from now on, unless somebody keeps it already. */
  readonly hold?: Lock;
}

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
  /** Somebody drew an older picture over the last one: the card has to be drawn again, whatever was sent. */
  readonly spoiled?: boolean;
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
  /** What the thread was sent so far, whoever has it now; undefined when that is nothing. */
  readThread(deploymentId: number): Promise<string | undefined>;
  /** Tells that the thread may show an older picture than it should, whoever has it now. */
  spoilThread(deploymentId: number): Promise<void>;
}

/** Where omnibot was spoken to: what it needs to begin a thread of its own. */
export interface Channels {
  /** Keeps how to speak in a channel: the newest counts, since a service's address may change. */
  remember(channel: string, reference: string, at: number): Promise<void>;
  /** How to speak in a channel; undefined where nobody spoke to omnibot yet. */
  find(channel: string): Promise<string | undefined>;
  /** The conversation of an environment's newest thread. */
  lastConversation(environment: string): Promise<string | undefined>;
}

import type { Environment } from "../config/config.ts";
import type { Deployment, Person } from "./deployment.ts";
import { may, mayEverywhere, type Action, type Allowed, type NotAllowed } from "./policy.ts";
import type { Clock, Groups } from "./ports.ts";

/** Who keeps an environment for themselves, and why. Times are milliseconds since 1970. */
export interface Lock {
  readonly environment: string;
  readonly owner: Person;
  readonly reason: string;
  readonly since: number;
  /** When it ends by itself; without it, when somebody unlocks. */
  readonly until?: number;
  /** The rollback that it keeps in place (P11): nobody deploys over that, its owner neither, until it is released. */
  readonly rollback?: number;
}

/** A build that nobody may deploy, to any environment. */
export interface Block {
  readonly build: number;
  readonly by: Person;
  readonly reason: string;
  readonly since: number;
}

/** When nobody deploys, by the configuration; it ends at `until`, ms since 1970. */
export interface Freeze {
  readonly reason: string;
  readonly until: number;
}

/** What keeps a deployment out. */
export type Barrier =
  | { readonly state: "locked"; readonly lock: Lock }
  | { readonly state: "blocked"; readonly block: Block }
  | { readonly state: "frozen"; readonly environment: string; readonly freeze: Freeze }
  /** An operator wants nothing new to begin, anywhere. Nobody goes past that. */
  | { readonly state: "maintenance"; readonly reason: string };

/** Locks and blocks in the ledger. Every method is one transaction with its audit entry. */
export interface LockStore {
  /** Takes the lock where nobody else has it; who has it already may say why anew. */
  lock(lock: Lock, delivery: MessageId): Promise<Locked>;
  unlock(
    environment: string,
    person: Person,
    at: number,
    delivery: MessageId,
  ): Promise<Lock | "not-locked" | "repeated">;
  /** The lock that holds at this moment. */
  findLock(environment: string, at: number): Promise<Lock | undefined>;
  block(block: Block, delivery: MessageId): Promise<Block | "repeated">;
  findBlock(build: number): Promise<Block | undefined>;
  unblock(
    build: number,
    person: Person,
    at: number,
    delivery: MessageId,
  ): Promise<Block | "not-blocked" | "repeated">;
}

/** A message that is acted upon once, however often it is delivered. */
export interface MessageId {
  readonly id: string;
  readonly conversation: string;
}

export type Locked =
  | { readonly state: "locked"; readonly lock: Lock }
  | { readonly state: "held"; readonly lock: Lock }
  | { readonly state: "repeated" };

export type LockAnswer =
  | Locked
  | { readonly state: "unlocked"; readonly lock: Lock }
  | { readonly state: "not-locked"; readonly environment: string }
  | { readonly state: "reason-missing" }
  | NotAllowed
  | NoEnvironment;

type NoEnvironment = {
  readonly state: "unknown-environment" | "which-environment";
  readonly known: readonly string[];
};

export type BlockAnswer =
  | { readonly state: "blocked" | "unblocked"; readonly block: Block }
  | { readonly state: "not-blocked" | "repeated" | "reason-missing" }
  | NotAllowed;

export interface LockRequest {
  readonly environment: string | undefined;
  readonly reason: string;
  /** How long, in milliseconds; until somebody unlocks where it is undefined. */
  readonly duration: number | undefined;
  readonly person: Person;
  readonly delivery: MessageId;
}

export interface Locks {
  lock(request: LockRequest): Promise<LockAnswer>;
  unlock(request: Omit<LockRequest, "reason" | "duration">): Promise<LockAnswer>;
  block(request: {
    readonly build: number;
    readonly reason: string;
    readonly person: Person;
    readonly delivery: MessageId;
  }): Promise<BlockAnswer>;
  unblock(request: {
    readonly build: number;
    readonly person: Person;
    readonly delivery: MessageId;
  }): Promise<BlockAnswer>;
}

export interface LocksOptions {
  readonly store: LockStore;
  readonly environments: Readonly<Record<string, Environment>>;
  readonly groups: Groups;
  /** Writes down whom the configuration does not allow something, in the audit trail. */
  readonly refused: (
    person: Person,
    action: string,
    facts: Readonly<Record<string, unknown>>,
  ) => Promise<void>;
  readonly clock: Clock;
}

/**
 * What people say about who may deploy. Who may lock may not be who may unlock; where the configuration says nothing, anybody may
 * release anybody's lock: that is said aloud and written down.
 */
export function createLocks({ store, environments, groups, refused, clock }: LocksOptions): Locks {
  async function refusal(
    action: Action,
    person: Person,
    environment: string | undefined,
  ): Promise<NotAllowed | undefined> {
    const one = environments[environment ?? ""];
    const allowed: Allowed =
      one === undefined
        ? await mayEverywhere(action, person, environments, groups)
        : await may(action, person, one, groups);
    if (allowed === "yes") return undefined;
    const facts = { ...(environment === undefined ? {} : { environment }), because: allowed };
    await refused(person, `refused:${action}`, facts);
    return { state: allowed, action, environment };
  }

  return {
    async lock({ environment: said, reason, duration, person, delivery }) {
      const environment = nameOf(said, environments);
      if (typeof environment !== "string") return environment;
      if (reason === "") return { state: "reason-missing" };
      const barred = await refusal("lock", person, environment);
      if (barred !== undefined) return barred;
      const since = clock.now();
      const until = duration === undefined ? {} : { until: since + duration };
      return store.lock({ environment, owner: person, reason, since, ...until }, delivery);
    },

    async unlock({ environment: said, person, delivery }) {
      const environment = nameOf(said, environments);
      if (typeof environment !== "string") return environment;
      const barred = await refusal("unlock", person, environment);
      if (barred !== undefined) return barred;
      const lock = await store.unlock(environment, person, clock.now(), delivery);
      if (lock === "repeated") return { state: lock };
      return lock === "not-locked" ? { state: lock, environment } : { state: "unlocked", lock };
    },

    async block({ build, reason, person, delivery }) {
      if (reason === "") return { state: "reason-missing" };
      const barred = await refusal("block", person, undefined);
      if (barred !== undefined) return barred;
      const block = await store.block({ build, by: person, reason, since: clock.now() }, delivery);
      return block === "repeated" ? { state: block } : { state: "blocked", block };
    },

    async unblock({ build, person, delivery }) {
      const barred = await refusal("unblock", person, undefined);
      if (barred !== undefined) return barred;
      const block = await store.unblock(build, person, clock.now(), delivery);
      return typeof block === "string" ? { state: block } : { state: "unblocked", block };
    },
  };
}

/** The environment that is meant; it may be left out where there is only one. */
export function nameOf(
  said: string | undefined,
  environments: Readonly<Record<string, Environment>>,
): string | NoEnvironment {
  const known = Object.keys(environments);
  const named = said ?? (known.length === 1 ? known[0] : undefined);
  if (named === undefined) return { state: "which-environment", known };
  return Object.hasOwn(environments, named) ? named : { state: "unknown-environment", known };
}

/**
 * Whether a lock stands in the way of this deployment. Its owner works on; a rollback may go on under the hold of another one,
 * since that keeps the bad build out as well.
 */
export function keepsOut(
  lock: Lock,
  { kind, requester }: Pick<Deployment, "kind" | "requester">,
): boolean {
  if (lock.rollback !== undefined) return kind === "deploy";
  return lock.owner.id.toLowerCase() !== requester.id.toLowerCase();
}

/** The hold that a rollback leaves behind from the moment of its merge (P11). */
export function holdOf(deployment: Deployment, step: string, now: number): Lock | undefined {
  if (deployment.kind !== "rollback" || step !== "merge-change") return undefined;
  const { from, to } = deployment.evidence.change ?? {};
  return {
    environment: deployment.environment,
    owner: deployment.requester,
    reason: `Rolled back from ${from ?? "an unknown tag"} to ${to ?? "an earlier one"}`,
    since: now,
    rollback: deployment.id,
  };
}

import { randomBytes } from "node:crypto";
import type { Environment } from "../config/config.ts";
import type { Deployment, Kind, Person, Target } from "./deployment.ts";
import { keepsOut, nameOf, type Barrier, type Freeze, type LockStore } from "./locks.ts";
import { mayDecide, mayOverride } from "./policy.ts";
import type { Delivery, Ledger } from "./ledger.ts";
import type { Clock } from "./ports.ts";
import { planOf } from "./steps.ts";
import { rollbackOf } from "./way-back.ts";

export interface DeploymentRequest {
  readonly kind: Exclude<Kind, "observed">;
  /** Undefined where the person named none: it may be left out where there is only one. */
  readonly environment: string | undefined;
  readonly build: number | undefined;
  /** Why it shall go past locks, freezes and blocks; undefined for an ordinary request. */
  readonly override?: string | undefined;
  readonly requester: Person;
  readonly delivery: Delivery;
}

export type RequestAnswer =
  | { readonly state: "created"; readonly deployment: Deployment }
  /** The same message again: it has its deployment. */
  | { readonly state: "repeated" }
  /** Another deployment is under way there. */
  | { readonly state: "busy"; readonly deployment: Deployment }
  | {
      readonly state: "unknown-environment" | "which-environment";
      readonly known: readonly string[];
    }
  /** A rollback without the build to go back to. */
  | { readonly state: "build-missing" }
  | Barrier
  /** Only who is named in the configuration goes past a barrier. */
  | { readonly state: "override-not-permitted"; readonly environment: string };

export interface Decision {
  readonly deploymentId: number;
  readonly decision: "approve" | "reject";
  /** Why; empty for an approval. */
  readonly reason: string;
  readonly person: Person;
  /** Where the click came from: it must be the deployment's own thread. */
  readonly conversation: string;
}

export type DecisionAnswer =
  /** `counted`: an approval that is not the last one needed. */
  | { readonly state: "approved" | "counted" | "rejected"; readonly deployment: Deployment }
  | {
      readonly state: "own-request" | "not-permitted" | "already-decided" | "not-open" | "expired";
      readonly deployment: Deployment;
    }
  /** Something keeps the environment since this was asked for. */
  | { readonly state: "kept-out"; readonly barrier: Barrier; readonly deployment: Deployment }
  | { readonly state: "unknown" };

export interface GoBack {
  readonly deploymentId: number;
  readonly requester: Person;
  /** The click: it must come from the deployment's own thread, where the rollback goes on. */
  readonly delivery: Delivery;
}

export type GoBackAnswer =
  /** `asked`: somebody did that before; this is the rollback. `busy` and `overtaken`: this one is in the way. */
  | { readonly state: "created" | "asked" | "busy" | "overtaken"; readonly deployment: Deployment }
  | { readonly state: "kept-out"; readonly barrier: Barrier; readonly deployment: Deployment }
  | { readonly state: "unknown" };

export interface Requests {
  request(request: DeploymentRequest): Promise<RequestAnswer>;
  /** Decides about a waiting request, as this person, at this moment: all rules are checked here and nowhere else. */
  decide(decision: Decision): Promise<DecisionAnswer>;
  /** Asks to go back from a failed deployment to the build that its card offers; somebody else has to approve that. */
  goBack(asked: GoBack): Promise<GoBackAnswer>;
}

export interface RequestsOptions {
  readonly ledger: Ledger;
  readonly environments: Readonly<Record<string, Environment>>;
  readonly locks: Pick<LockStore, "findLock" | "findBlock">;
  readonly freezeAt: (environment: Environment, now: number) => Freeze | undefined;
  readonly clock: Clock;
  /** Told that there is something to do. */
  readonly hint: () => void;
}

/** How many of the newest deployments may have overtaken a failed one whose button is pressed. */
const recent = 50;

/** What people ask for: each answer is complete, and whatever was accepted is in the ledger before it is given. */
export function createRequests({
  ledger,
  locks,
  freezeAt,
  environments,
  clock,
  hint,
}: RequestsOptions): Requests {
  return { request, decide, goBack };

  async function request(asked: DeploymentRequest): Promise<RequestAnswer> {
    const named = nameOf(asked.environment, environments);
    if (typeof named !== "string") return named;
    const environment = environments[named];
    if (environment === undefined) throw new Error(`${named} is not configured`);
    if (asked.kind === "rollback" && asked.build === undefined) return { state: "build-missing" };
    const { override } = asked;
    if (override !== undefined && !mayOverride(asked.requester, environment)) {
      await refused(asked, named, "override-not-permitted");
      return { state: "override-not-permitted", environment: named };
    }

    const now = clock.now();
    const target: Target =
      asked.build === undefined ? { from: "branch" } : { from: "build", build: asked.build };
    const freeze = asked.kind === "deploy" ? freezeAt(environment, now) : undefined;
    if (freeze !== undefined && override === undefined) {
      await refused(asked, named, "frozen");
      return { state: "frozen", environment: named, freeze };
    }
    const created = await ledger.create(
      {
        key: randomBytes(6).toString("hex"),
        kind: asked.kind,
        environment: named,
        target,
        requester: asked.requester,
        requestedAt: now,
        expiresAt: now + environment.approval.expires,
        progress: planOf({ kind: asked.kind, target }),
        ...(override === undefined ? {} : { override: { reason: override } }),
      },
      asked.delivery,
    );
    hint();
    return created;
  }

  function refused(
    { kind, requester }: DeploymentRequest,
    environment: string,
    because: string,
  ): Promise<void> {
    const facts = { environment, kind, because };
    const entry = { at: clock.now(), deploymentId: undefined, actor: requester };
    return ledger.audit({ ...entry, action: "refused:request", facts });
  }

  /** What keeps it out now: who asked before a lock or a freeze began does not slip past it. */
  async function barrierOf(
    deployment: Deployment,
    environment: Environment,
  ): Promise<Barrier | undefined> {
    if (deployment.override !== undefined) return undefined;
    const { target, kind } = deployment;
    const lock = await locks.findLock(environment.name, clock.now());
    if (lock !== undefined && keepsOut(lock, deployment)) return { state: "locked", lock };
    const block = target.from === "build" ? await locks.findBlock(target.build) : undefined;
    if (block !== undefined) return { state: "blocked", block };
    const freeze = kind === "deploy" ? freezeAt(environment, clock.now()) : undefined;
    return freeze === undefined
      ? undefined
      : { state: "frozen", environment: environment.name, freeze };
  }

  async function decide(asked: Decision): Promise<DecisionAnswer> {
    const deployment = await ledger.get(asked.deploymentId);
    const environment = deployment === undefined ? undefined : environments[deployment.environment];
    if (deployment === undefined || environment === undefined) return { state: "unknown" };
    if (!(await ledger.isThread(deployment.id, asked.conversation))) return { state: "unknown" };

    const now = clock.now();
    const verdict = mayDecide(deployment, asked.person, environment, now);
    if (verdict !== "yes") {
      await ledger.audit({
        at: now,
        deploymentId: deployment.id,
        actor: asked.person,
        action: `refused:${asked.decision}`,
        facts: { because: verdict },
      });
      return { state: verdict, deployment };
    }
    const barrier =
      asked.decision === "approve" ? await barrierOf(deployment, environment) : undefined;
    if (barrier !== undefined) {
      await ledger.audit({
        at: now,
        deploymentId: deployment.id,
        actor: asked.person,
        action: `refused:${asked.decision}`,
        facts: { because: barrier.state },
      });
      return { state: "kept-out", barrier, deployment };
    }

    const approval = { person: asked.person, at: now };
    const decided =
      asked.decision === "approve"
        ? await ledger.approve(deployment.id, approval)
        : await ledger.reject(deployment.id, approval, asked.reason);
    hint();
    if (decided === undefined)
      return {
        state: "already-decided",
        deployment: (await ledger.get(deployment.id)) ?? deployment,
      };
    if (asked.decision === "reject") return { state: "rejected", deployment: decided };
    const enough = decided.approvals.length >= environment.approval.required;
    return { state: enough ? "approved" : "counted", deployment: decided };
  }

  async function goBack({ deploymentId, requester, delivery }: GoBack): Promise<GoBackAnswer> {
    const failed = await ledger.get(deploymentId);
    const wayBack = failed?.failure?.wayBack;
    const environment = failed === undefined ? undefined : environments[failed.environment];
    if (failed === undefined || wayBack === undefined || environment === undefined)
      return { state: "unknown" };
    if (!(await ledger.isThread(failed.id, delivery.conversation))) return { state: "unknown" };

    const before = wayBack.asked === undefined ? undefined : await ledger.get(wayBack.asked);
    if (before !== undefined) return { state: "asked", deployment: before };
    // What is live now is not what this card tells of: going back from it needs a new thought.
    const later = (await ledger.list(failed.environment, recent)).find(
      (one) => one.id > failed.id && one.state !== "active" && one.evidence.merge !== undefined,
    );
    if (later !== undefined) return { state: "overtaken", deployment: later };

    const rollback = rollbackOf(failed, wayBack, requester, environment, clock.now());
    const created = await ledger.create(rollback, delivery);
    hint();
    if (created.state === "repeated") return { state: "unknown" };
    if (created.state === "locked" || created.state === "blocked")
      return { state: "kept-out", barrier: created, deployment: failed };
    const { deployment } = created;
    const same = deployment.kind === "rollback" && isTo(deployment, wayBack.build);
    return { state: created.state === "busy" && same ? "asked" : created.state, deployment };
  }
}

function isTo({ target }: Deployment, build: number): boolean {
  return target.from === "build" && target.build === build;
}

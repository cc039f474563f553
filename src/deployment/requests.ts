import { randomBytes } from "node:crypto";
import type { Environment } from "../config/config.ts";
import type { Deployment, Person, Target } from "./deployment.ts";
import { keepsOut, nameOf, type Barrier, type Freeze, type LockStore } from "./locks.ts";
import { may, mayDecide, type Action, type NotAllowed } from "./policy.ts";
import type { Delivery, Ledger } from "./ledger.ts";
import type { Clock, Groups } from "./ports.ts";
import { planOf } from "./steps.ts";
import { provenDigest } from "./way-back.ts";

export type DeploymentRequest = (
  | { readonly kind: "deploy"; readonly build: number | undefined }
  /** `digest`: of the image that was proven to run well as this build. */
  | { readonly kind: "rollback"; readonly build: number; readonly digest?: string }
) & {
  /** Undefined where the person named none: it may be left out where there is only one. */
  readonly environment: string | undefined;
  /** Why it shall go past locks, freezes and blocks; undefined for an ordinary request. */
  readonly override?: string | undefined;
  readonly requester: Person;
  readonly delivery: Delivery;
};

export type RequestAnswer =
  | { readonly state: "created"; readonly deployment: Deployment }
  /** The same message again: it has its deployment. */
  | { readonly state: "repeated"; readonly deployment: Deployment | undefined }
  /** Another deployment is under way there. */
  | { readonly state: "busy"; readonly deployment: Deployment }
  | {
      readonly state: "unknown-environment" | "which-environment";
      readonly known: readonly string[];
    }
  | Barrier
  /** The configuration names who may do this. */
  | NotAllowed;

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
      readonly state:
        | "own-request"
        | "not-permitted"
        | "unchecked"
        | "already-decided"
        | "not-open"
        | "expired";
      readonly deployment: Deployment;
    }
  /** Something keeps the environment since this was asked for. */
  | { readonly state: "kept-out"; readonly barrier: Barrier; readonly deployment: Deployment }
  | { readonly state: "unknown" };

export interface Requests {
  request(request: DeploymentRequest): Promise<RequestAnswer>;
  /** Decides about a waiting request, as this person, at this moment: all rules are checked here and nowhere else. */
  decide(decision: Decision): Promise<DecisionAnswer>;
}

export interface RequestsOptions {
  readonly ledger: Ledger;
  readonly environments: Readonly<Record<string, Environment>>;
  readonly groups: Groups;
  readonly locks: Pick<LockStore, "findLock" | "findBlock">;
  readonly freezeAt: (environment: Environment, now: number) => Freeze | undefined;
  /** Why nothing new is begun. */
  readonly maintenance?: string | undefined;
  readonly clock: Clock;
  /** Told that there is something to do. */
  readonly hint: () => void;
}

/** What people ask for: each answer is complete, and whatever was accepted is in the ledger before it is given. */
export function createRequests({
  ledger,
  locks,
  freezeAt,
  maintenance,
  environments,
  groups,
  clock,
  hint,
}: RequestsOptions): Requests {
  return { request, decide };

  async function request(asked: DeploymentRequest): Promise<RequestAnswer> {
    const named = nameOf(asked.environment, environments);
    if (typeof named !== "string") return named;
    const environment = environments[named];
    if (environment === undefined) throw new Error(`${named} is not configured`);
    if (maintenance !== undefined) {
      await refused(asked, named, "maintenance");
      return { state: "maintenance", reason: maintenance };
    }
    const { override } = asked;
    const actions: readonly Action[] = [
      asked.kind,
      ...(override === undefined ? [] : ["override" as const]),
    ];
    for (const action of actions) {
      const allowed = await may(action, asked.requester, environment, groups);
      if (allowed === "yes") continue;
      await refused(asked, named, action === "override" ? `override-${allowed}` : allowed);
      return { state: allowed, action, environment: named };
    }

    const now = clock.now();
    const target = await targetOf(asked, environment);
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

  /** A build that was live before is compared with what it was then, also where it was typed. */
  async function targetOf(asked: DeploymentRequest, environment: Environment): Promise<Target> {
    const { build } = asked;
    if (build === undefined) return { from: "branch" };
    const shown = asked.kind === "rollback" ? asked.digest : undefined;
    const digest = shown ?? (await provenDigest(build, ledger, environment));
    return { from: "build", build, ...(digest === undefined ? {} : { digest }) };
  }

  function refused(
    { kind, requester }: Pick<DeploymentRequest, "kind" | "requester">,
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
    if (maintenance !== undefined) return { state: "maintenance", reason: maintenance };
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
    const verdict = await mayDecide(deployment, asked.person, environment, now, groups);
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
        ? await ledger.approve(deployment.id, approval, environment.approval.required)
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
}

import { randomBytes } from "node:crypto";
import type { Environment } from "../config/config.ts";
import type { Deployment, Kind, Person, Target } from "./deployment.ts";
import { mayDecide } from "./policy.ts";
import type { Delivery, Ledger } from "./ledger.ts";
import type { Clock } from "./ports.ts";
import { planOf } from "./steps.ts";
import { rollbackOf } from "./way-back.ts";

export interface DeploymentRequest {
  readonly kind: Exclude<Kind, "observed">;
  /** Undefined where the person named none: it may be left out where there is only one. */
  readonly environment: string | undefined;
  readonly build: number | undefined;
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
  | { readonly state: "build-missing" };

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
  readonly clock: Clock;
  /** Told that there is something to do. */
  readonly hint: () => void;
}

/** How many of the newest deployments may have overtaken a failed one whose button is pressed. */
const recent = 50;

/** What people ask for: each answer is complete, and whatever was accepted is in the ledger before it is given. */
export function createRequests({ ledger, environments, clock, hint }: RequestsOptions): Requests {
  return { request, decide, goBack };

  async function request(asked: DeploymentRequest): Promise<RequestAnswer> {
    const known = Object.keys(environments);
    const named = asked.environment ?? (known.length === 1 ? known[0] : undefined);
    if (named === undefined) return { state: "which-environment", known };
    const environment = Object.hasOwn(environments, named) ? environments[named] : undefined;
    if (environment === undefined) return { state: "unknown-environment", known };
    if (asked.kind === "rollback" && asked.build === undefined) return { state: "build-missing" };

    const now = clock.now();
    const target: Target =
      asked.build === undefined ? { from: "branch" } : { from: "build", build: asked.build };
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
      },
      asked.delivery,
    );
    hint();
    return created;
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
    const { deployment } = created;
    const same = deployment.kind === "rollback" && isTo(deployment, wayBack.build);
    return { state: created.state === "busy" && same ? "asked" : created.state, deployment };
  }
}

function isTo({ target }: Deployment, build: number): boolean {
  return target.from === "build" && target.build === build;
}

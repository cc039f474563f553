import { randomBytes } from "node:crypto";
import type { Environment } from "../config/config.ts";
import type { Deployment, Kind, Person, Target } from "./deployment.ts";
import { mayDecide } from "./policy.ts";
import type { Delivery, Ledger } from "./ledger.ts";
import type { Clock } from "./ports.ts";
import { planOf } from "./steps.ts";

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

export interface Requests {
  request(request: DeploymentRequest): Promise<RequestAnswer>;
  /** Decides about a waiting request, as this person, at this moment: all rules are checked here and nowhere else. */
  decide(decision: Decision): Promise<DecisionAnswer>;
}

export interface RequestsOptions {
  readonly ledger: Ledger;
  readonly environments: Readonly<Record<string, Environment>>;
  readonly clock: Clock;
  /** Told that there is something to do. */
  readonly hint: () => void;
}

/** What people ask for: each answer is complete, and whatever was accepted is in the ledger before it is given. */
export function createRequests({ ledger, environments, clock, hint }: RequestsOptions): Requests {
  return { request, decide };

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
}

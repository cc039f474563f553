import type { Environment } from "../config/config.ts";
import type { Deployment, Person } from "./deployment.ts";
import type { Ledger } from "./ledger.ts";
import type { MessageId } from "./locks.ts";
import { mayIntervene, type Allowed } from "./policy.ts";
import type { Clock, Groups } from "./ports.ts";
import { steps } from "./steps.ts";
import { currentStep } from "./transitions.ts";

export interface Intervention {
  /** The deployment's number; the one in work, or the newest, where only one can be meant. */
  readonly id: number | undefined;
  readonly person: Person;
  readonly delivery: MessageId;
}

export type InterventionAnswer =
  /** It is written down; the deployment's own thread tells what came of it. */
  | { readonly state: "canceling" | "retrying"; readonly deployment: Deployment }
  | {
      readonly state:
        | "not-permitted"
        | "unchecked"
        | "ended"
        | "too-late"
        | "not-failed"
        | "not-newest"
        | "build-failed"
        | "too-old";
      readonly deployment: Deployment;
    }
  | { readonly state: "busy"; readonly deployment: Deployment }
  | { readonly state: "repeated" }
  | { readonly state: "unknown"; readonly id: number | undefined };

/** What changes a deployment from outside its looks. Every method is one transaction with its audit entry. */
export interface InterventionStore {
  /** Writes down who wants it stopped; false when it has ended meanwhile. */
  cancel(id: number, person: Person, at: number, delivery: MessageId): Promise<Written>;
  /** Puts a failed deployment back to work at its failed step; `busy` when another one has the environment. */
  retry(deployment: Deployment, person: Person, at: number, delivery: MessageId): Promise<Written>;
}

export type Written = "written" | "gone" | "busy" | "repeated";

export interface Interventions {
  cancel(asked: Intervention): Promise<InterventionAnswer>;
  retry(asked: Intervention): Promise<InterventionAnswer>;
}

export interface InterventionsOptions {
  readonly store: InterventionStore;
  readonly ledger: Pick<Ledger, "get" | "list" | "findActive" | "remember" | "audit">;
  readonly environments: Readonly<Record<string, Environment>>;
  readonly groups: Groups;
  readonly clock: Clock;
  readonly hint: () => void;
}

/** What was approved longer ago than this is asked for again. Milliseconds. */
const longestRetry = 24 * 60 * 60_000;

/** Stops a deployment as far as it can be stopped, or tries its failed step again. */
export function createInterventions({
  store,
  ledger,
  environments,
  groups,
  clock,
  hint,
}: InterventionsOptions): Interventions {
  return { cancel: (asked) => once(asked, cancel), retry: (asked) => once(asked, retry) };

  /** What was refused stays refused: the same message again, when another deployment is in work, asks for nothing. */
  async function once(
    asked: Intervention,
    act: (asked: Intervention) => Promise<InterventionAnswer>,
  ): Promise<InterventionAnswer> {
    const answer = await act(asked);
    const written = ["canceling", "retrying", "repeated"].includes(answer.state);
    if (!written) await ledger.remember(asked.delivery, clock.now());
    return answer;
  }

  async function cancel({ id, person, delivery }: Intervention): Promise<InterventionAnswer> {
    const deployment = await find(id, (name) => ledger.findActive(name));
    const environment = environments[deployment?.environment ?? ""];
    if (deployment === undefined || environment === undefined) return { state: "unknown", id };
    const allowed = await allow("cancel", deployment, person, environment);
    if (allowed !== "yes") return { state: allowed, deployment };
    if (deployment.state !== "active") return { state: "ended", deployment };
    const step = steps.find((one) => one.name === currentStep(deployment)?.step);
    // What somebody put into Git by hand is there, whatever omnibot is about.
    const isThere =
      deployment.kind === "observed" || (step !== undefined && step.cancel === undefined);
    if (isThere) return { state: "too-late", deployment };
    const written = await store.cancel(deployment.id, person, clock.now(), delivery);
    hint();
    if (written === "repeated") return { state: "repeated" };
    return { state: written === "written" ? "canceling" : "ended", deployment };
  }

  async function retry({ id, person, delivery }: Intervention): Promise<InterventionAnswer> {
    const newest = async (name: string) => (await ledger.list(name, 1)).at(0);
    const deployment = await find(id, newest);
    const environment = environments[deployment?.environment ?? ""];
    if (deployment === undefined || environment === undefined) return { state: "unknown", id };
    const allowed = await allow("retry", deployment, person, environment);
    if (allowed !== "yes") return { state: allowed, deployment };
    const refusal = refusalOf(deployment, await newest(deployment.environment));
    if (refusal !== undefined) return { state: refusal, deployment };
    const written = await store.retry(deployment, person, clock.now(), delivery);
    hint();
    if (written === "repeated") return { state: "repeated" };
    if (written === "busy") {
      const holder = await ledger.findActive(deployment.environment);
      return { state: "busy", deployment: holder ?? deployment };
    }
    return { state: written === "written" ? "retrying" : "not-failed", deployment };
  }

  async function allow(
    action: "cancel" | "retry",
    deployment: Deployment,
    person: Person,
    environment: Environment,
  ): Promise<Allowed> {
    const allowed = await mayIntervene(action, deployment, person, environment, groups);
    if (allowed !== "yes") {
      const facts = { because: allowed };
      const entry = { at: clock.now(), deploymentId: deployment.id, actor: person };
      await ledger.audit({ ...entry, action: `refused:${action}`, facts });
    }
    return allowed;
  }

  function refusalOf(deployment: Deployment, newest: Deployment | undefined) {
    const { state, failure, endedAt = 0 } = deployment;
    if (state !== "failed" || failure === undefined) return "not-failed";
    if (failure.step === "approve") return "not-failed";
    // A run that has failed stays failed: Azure DevOps can run it again, or a new deployment builds anew.
    if (failure.step === "build" && deployment.evidence.run !== undefined) return "build-failed";
    if (newest !== undefined && newest.id !== deployment.id) return "not-newest";
    return clock.now() - endedAt > longestRetry ? "too-old" : undefined;
  }

  async function find(
    id: number | undefined,
    candidate: (environment: string) => Promise<Deployment | undefined>,
  ): Promise<Deployment | undefined> {
    if (id !== undefined) return ledger.get(id);
    const candidates = await Promise.all(Object.keys(environments).map(candidate));
    const found = candidates.filter((one) => one !== undefined);
    return found.length === 1 ? found[0] : undefined;
  }
}

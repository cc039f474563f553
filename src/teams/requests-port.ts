import type { Deployment, HealthResult, Kind, Person } from "../deployment/deployment.ts";
import type { Delivery } from "../deployment/ports.ts";

/** What the heart does for people. teams/ turns words and clicks into these calls and shows what came of them. */
export interface Requests {
  request(order: Order): Promise<OrderAnswer>;
  /** Decides about a waiting request, as this person, at this moment: all rules are checked here and nowhere else. */
  decide(decision: Decision): Promise<DecisionAnswer>;
  /** The truth about one environment, or all of them; undefined when there is no such environment. */
  status(environment: string | undefined): Promise<readonly EnvironmentStatus[] | undefined>;
}

export interface Order {
  readonly kind: Kind;
  /** May be left out where there is only one. */
  readonly environment: string | undefined;
  readonly build: number | undefined;
  readonly requester: Person;
  readonly delivery: Delivery;
}

export type OrderAnswer =
  /** Created now, or by an earlier delivery of the same message: its thread tells the rest. */
  | { readonly state: "created"; readonly deployment: Deployment }
  | { readonly state: "repeated"; readonly deployment?: Deployment }
  /** Another deployment is under way there. */
  | { readonly state: "busy"; readonly deployment: Deployment }
  | { readonly state: "unknown-environment"; readonly known: readonly string[] }
  | { readonly state: "which-environment"; readonly known: readonly string[] }
  /** A rollback without the build to go back to. */
  | { readonly state: "build-missing" };

export interface Decision {
  readonly deploymentId: number;
  readonly decision: "approve" | "reject";
  /** Why; empty for an approval. */
  readonly reason: string;
  readonly person: Person;
  /** The conversation of the click, with its thread: a decision counts in the deployment's own thread only. */
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

/** How one environment stands. Sentences are for people; they may hold words from outside. */
export interface EnvironmentStatus {
  readonly environment: string;
  /** The tag that Git wants; `since` in milliseconds since 1970. */
  readonly tag: {
    readonly wanted: string | undefined;
    readonly since?: number;
    readonly by?: string;
  };
  readonly image: Condition;
  readonly flux: Condition;
  readonly pods: Condition;
  readonly health: readonly HealthResult[];
  readonly active: Deployment | undefined;
  /** The newest deployment that ended. */
  readonly last: Deployment | undefined;
  /** What could not be read. */
  readonly problems: readonly string[];
}

export interface Condition {
  readonly ok: boolean;
  readonly sentence: string;
}

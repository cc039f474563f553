import type { CauseCode } from "./causes.ts";
import type { Aftermath, Deployment, Evidence, Excerpt, StepName } from "./deployment.ts";
import type { Clock, World } from "./ports.ts";
import type { Environment } from "../config/config.ts";
import type { Service } from "./service-error.ts";
import type { Once } from "./once.ts";

/** One step of a deployment's life. It looks at the world, does at most one thing at a time, and never sleeps. */
export interface Step {
  readonly name: StepName;
  /** Its word on the card. */
  readonly title: string;
  /** The longest that it may take, in milliseconds, unless the environment's configuration says otherwise. */
  readonly deadline: number;
  /** The cause that is told when it takes longer; `timed-out` if nothing says it better. */
  readonly late?: CauseCode;
  /** Whether the world may go on after a failure, so that it is looked at further (follow.ts). Such a step only looks. */
  readonly follows?: true;
  /** Whether this deployment needs the step at all. */
  appliesTo?(deployment: Pick<Deployment, "kind" | "target">): boolean;
  advance(deployment: Deployment, context: StepContext): Promise<Outcome>;
  /** Stops what this step has begun. A step without it is past the point where anything can be stopped. */
  cancel?(deployment: Deployment, context: StepContext): Promise<Canceled | Waiting | "too-late">;
  /** Starts watching for what this step waits for; a hint only brings the next look forward. */
  watch?(deployment: Deployment, world: World, hint: () => void): { stop(): void };
}

export interface StepContext {
  readonly world: World;
  readonly environment: Environment;
  readonly clock: Clock;
  /** Does an effect once, however often the step is asked. */
  readonly once: Once;
}

export type Outcome = Done | Waiting | Failed;

export interface Canceled {
  readonly type: "canceled";
  /** What was stopped, and what is left. */
  readonly sentence: string;
  readonly evidence: Evidence;
}

export interface Done {
  readonly type: "done";
  readonly evidence: Evidence;
  readonly sentence: string;
}

export interface Waiting {
  readonly type: "waiting";
  /** Milliseconds until the next look, if nothing hints earlier. */
  readonly after: number;
  /** What it waits for, for the card. */
  readonly sentence: string;
  /** The cause that is told should it wait for this until the step's deadline; the step's own if nothing says it better. */
  readonly late?: Late | undefined;
  readonly evidence: Evidence;
}

/** What it is called when it never comes; without a detail it is what it waited for. */
export interface Late {
  readonly code: CauseCode;
  readonly detail?: string;
  readonly excerpt?: Excerpt;
}

export interface Failed {
  readonly type: "failed";
  readonly code: CauseCode;
  readonly detail: string;
  readonly excerpt?: Excerpt;
  readonly url?: string;
  readonly service?: Service;
  readonly evidence: Evidence;
  /** What became of it, where nothing more will happen by itself: then it is not looked at further. */
  readonly settled?: Aftermath | undefined;
}

export function done(sentence: string, evidence: Evidence = {}): Done {
  return { type: "done", sentence, evidence };
}

export function waiting(
  after: { readonly seconds: number },
  sentence: string,
  evidence: Evidence = {},
  late?: CauseCode,
): Waiting {
  const told = late === undefined ? undefined : { code: late };
  return {
    type: "waiting",
    after: Math.round(after.seconds * 1000),
    sentence,
    evidence,
    late: told,
  };
}

export function failed(
  code: CauseCode,
  seen: { readonly detail: string; readonly excerpt?: Excerpt; readonly url?: string },
  evidence: Evidence = {},
): Failed {
  return {
    type: "failed",
    code,
    detail: seen.detail,
    ...(seen.excerpt === undefined ? {} : { excerpt: seen.excerpt }),
    ...(seen.url === undefined ? {} : { url: seen.url }),
    evidence,
  };
}

export function canceled(sentence: string, evidence: Evidence = {}): Canceled {
  return { type: "canceled", sentence, evidence };
}

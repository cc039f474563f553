import type { CauseCode } from "./causes.ts";
import { ServiceError } from "./service-error.ts";

/** What is found out before anything begins. Sentences for people; they hold words from outside. */
export interface Preflight {
  /** What stands in the way, or will. */
  readonly warnings: readonly string[];
  /** What could not be checked, and why. */
  readonly unchecked: readonly string[];
  /** What a deployment cannot end well with, as long as it is so: the warning that says it, and the cause that it would be. */
  readonly blocked?: Blocked | undefined;
}

export interface Blocked {
  readonly warning: string;
  readonly cause: { readonly code: CauseCode; readonly detail: string };
}

/** One thing to find out. */
export interface Check {
  /** What it is about, as in "could not be checked: the rules of main". */
  readonly about: string;
  find(): Promise<Partial<Preflight>>;
}

/** How long (ms) a check may take: people wait for the card, and a hanging neighbour is no reason to show none. */
const patience = 4000;

/** Checks everything side by side. Never fails: whatever does not answer, in time or at all, is named as unchecked. */
export async function runChecks(checks: readonly Check[], within = patience): Promise<Preflight> {
  const found = await Promise.all(checks.map((check) => run(check, within)));
  return {
    warnings: found.flatMap((one) => one.warnings ?? []),
    unchecked: found.flatMap((one) => one.unchecked ?? []),
    blocked: found.find((one) => one.blocked !== undefined)?.blocked,
  };
}

async function run(check: Check, within: number): Promise<Partial<Preflight>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Partial<Preflight>>((resolve) => {
    const unchecked = [`${check.about} (no answer in ${within / 1000} seconds)`];
    timer = setTimeout(() => resolve({ unchecked }), within);
  });
  try {
    return await Promise.race([Promise.resolve().then(() => check.find()), late]);
  } catch (error) {
    // Whatever it is, it is no reason to keep people from deciding: the steps find what is really in the way.
    const why = error instanceof ServiceError ? error.message : "omnibot could not read the answer";
    return { unchecked: [`${check.about} (${why})`] };
  } finally {
    clearTimeout(timer);
  }
}

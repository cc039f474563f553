import type { Environment } from "../config/config.ts";
import type { Deployment, Progress } from "./deployment.ts";
import { endAs, entry } from "./ending.ts";
import { followingFrom } from "./follow.ts";
import type { Claim, Trouble, Update } from "./ledger.ts";
import type { Outcome, Step } from "./step.ts";
import { expires, misses, timeOn } from "./transitions.ts";
import { byService } from "./trouble.ts";

/** A look that is later than this missed its time (ms). The engine looks every second; a lease may have had to end first. */
const punctual = 10_000;

/** The claim without the time that nobody was there, or by which the clock was set: neither uses up anybody's patience. */
export function caughtUp(claim: Claim, now: number): Claim {
  const overdue = now - claim.dueAt;
  const missed = overdue > punctual ? overdue : 0;
  const { trouble } = claim;
  return {
    ...claim,
    deployment: misses(claim.deployment, missed, now),
    trouble: trouble && { ...trouble, since: Math.min(trouble.since + missed, now) },
  };
}

/** When a step's time is over, ms since 1970: a request expires when its card says so, every other step has its time. */
export function deadlineOf(
  step: Step,
  deployment: Deployment,
  environment: Environment,
  now: number,
): number {
  if (step.name === "approve") return deployment.expiresAt;
  const most = environment.deadlines[step.name] ?? step.deadline;
  return now + most - timeOn(deployment, now);
}

/** What to save of a step whose time is over while it still waits, or has trouble. */
export function late(
  claim: Claim,
  step: Step,
  progress: Progress,
  outcome: Extract<Outcome, { type: "waiting" }>,
  trouble: Trouble | undefined,
  now: number,
): Update {
  const { deployment } = claim;
  // Who was never shown what would ship could not approve it.
  const shown = deployment.evidence.proposal !== undefined || trouble === undefined;
  if (step.name === "approve" && shown) {
    return {
      deployment: expires(deployment, now),
      nextAt: now,
      trouble: undefined,
      audit: [entry(deployment, "expired", {}, now)],
    };
  }
  const { code, detail, excerpt } = outcome.late ?? { code: step.late ?? "timed-out" };
  const failure =
    trouble === undefined
      ? { code, detail: detail ?? outcome.sentence, ...(excerpt && { excerpt }) }
      : { code: "service-unreachable", detail: trouble.message, ...byService(trouble.service) };
  const further = followingFrom(step, false, now);
  return endAs(claim, failure, progress, now, outcome.evidence, further);
}

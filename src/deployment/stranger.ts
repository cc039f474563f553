import { atMost } from "./at-most.ts";
import type { CauseCode } from "./causes.ts";
import { endAs } from "./ending.ts";
import { passes } from "./follow.ts";
import type { Claim, Update } from "./ledger.ts";
import { currentStep, waits } from "./transitions.ts";

/** How long another version or configuration has to take care of what this one does not know: an update of several replicas. */
const updateTime = 10 * 60_000;
const updatePause = 5000;

/**
 * What to save of a row that this process cannot work on: it is left to others for a while, which says so, and then ends. `now`
 * is ms since 1970.
 */
export function leaveToOthers(claim: Claim, code: CauseCode, detail: string, now: number): Update {
  const { deployment, trouble: before } = claim;
  const progress = currentStep(deployment);
  if (progress === undefined) throw new Error(`#${deployment.id} is active and has no step left`);
  if (deployment.following !== undefined) return passes(deployment, now + updatePause, now);
  const since = before?.kind === "stranger" ? before.since : now;
  const end = since + updateTime;
  if (now >= end) return endAs(claim, { code, detail }, progress, now);
  const sentence = `${detail} Waits for one that does, for ${atMost(end - now)} at most.`;
  return {
    deployment: waits(deployment, progress.step, sentence, {}, now),
    nextAt: Math.min(now + updatePause, end),
    trouble: { kind: "stranger", since, count: (before?.count ?? 0) + 1, message: detail },
    audit: [],
  };
}

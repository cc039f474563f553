import type { Deployment, Failure, Following, Progress } from "./deployment.ts";
import type { AuditEntry, Claim, Update } from "./ledger.ts";
import type { Outcome } from "./step.ts";
import { fails } from "./transitions.ts";

/** What to save of a deployment that fails now (ms since 1970), with what was proven until then. */
export function endAs(
  claim: Claim,
  failure: Omit<Failure, "step">,
  progress: Progress,
  now: number,
  evidence: Outcome["evidence"] = {},
  following?: Following,
): Update {
  const { deployment } = claim;
  const ended = fails(deployment, { ...failure, step: progress.step }, evidence, now);
  return {
    deployment: following === undefined ? ended : { ...ended, following },
    nextAt: now,
    trouble: undefined,
    audit: [
      entry(
        deployment,
        `step-failed:${progress.step}`,
        { code: failure.code, detail: failure.detail },
        now,
      ),
    ],
  };
}

/** What omnibot itself writes down about a deployment. */
export function entry(
  deployment: Deployment,
  action: string,
  facts: AuditEntry["facts"],
  at: number,
): AuditEntry {
  return { at, deploymentId: deployment.id, actor: "omnibot", action, facts };
}

import type { Aftermath, Deployment, Evidence, Following } from "./deployment.ts";
import type { AuditEntry, Update } from "./ledger.ts";
import type { FluxState } from "./ports.ts";
import type { Outcome, Step } from "./step.ts";
import { completes } from "./transitions.ts";

/** Longer than Helm takes with some retries and their rollbacks; milliseconds. */
const longest = 60 * 60_000;
/** The least between two looks, in milliseconds: watches hint, and nobody waits for what still fails. */
const pause = { failing: 10_000, waiting: 3000 };

/** Whether a deployment that fails now is looked at further: where Flux goes on by itself, its word may be corrected. */
export function followingFrom(step: Step, settled: boolean, now: number): Following | undefined {
  if (step.follows !== true || settled) return undefined;
  return { until: now + longest, sentence: "" };
}

/**
 * What to save of a look at a deployment that failed. The same steps look at the same world: should all of them be done, it is
 * live after all. It ends when Flux has settled, when its time is over, or when the next deployment has taken over. `now` is
 * ms since 1970.
 */
export function follow(
  deployment: Deployment,
  { step, outcome, evidence }: { step: Step; outcome: Outcome; evidence: Evidence },
  now: number,
): Update {
  const { following } = deployment;
  if (following === undefined) throw new Error(`#${deployment.id} has ended`);
  if (outcome.type === "done") {
    const after = completes(deployment, step.name, outcome.sentence, evidence, now);
    if (after.state === "live") return heals(after, now);
    return goesOn(after, { ...following, sentence: outcome.sentence }, now);
  }
  const known = { ...deployment, evidence: { ...deployment.evidence, ...evidence } };
  if (outcome.type === "failed" && outcome.settled !== undefined) {
    const { failure } = known;
    const aftermath = outcome.settled;
    const told = failure === undefined ? known : { ...known, failure: { ...failure, aftermath } };
    return settles(told, aftermath.sentence, now);
  }
  if (now >= following.until) return settles(known, "nothing changed in time", now);
  if (outcome.type === "failed") {
    return goesOn(known, { ...following, sentence: outcome.detail }, now + pause.failing);
  }
  const next = now + Math.max(outcome.after, pause.waiting);
  return goesOn(known, { ...following, sentence: outcome.sentence }, next);
}

/** What became of it, once Flux has spoken its last word and will do no more by itself; `tag` is what runs then. */
export function settledBy(flux: FluxState, tag: string | undefined): Aftermath | undefined {
  if (flux.state !== "failed" || flux.settled !== true) return undefined;
  const rolledBack = flux.code === "release-rolled-back";
  if (!rolledBack) return { sentence: `Flux has ended its work. ${flux.detail}`, rolledBack };
  return { sentence: `Flux rolled back${tag === undefined ? "" : ` to ${tag}`}.`, rolledBack };
}

/** The row when there is nothing to correct any more. */
export function settles(deployment: Deployment, why: string, now: number): Update {
  const { following: _, ...settled } = deployment;
  return saved(settled, now, [["settled", { why }]]);
}

/** The row when nothing could be seen this time. */
export function passes(deployment: Deployment, nextAt: number, now: number): Update {
  const { until = now } = deployment.following ?? {};
  if (now >= until) return settles(deployment, "nobody could look", now);
  return saved(deployment, Math.min(nextAt, until), []);
}

function heals(deployment: Deployment, now: number): Update {
  const { following: _, failure, ...live } = deployment;
  const healed = failure === undefined ? live : { ...live, healed: failure };
  return saved(healed, now, [["healed", { after: failure?.code }]]);
}

function goesOn(deployment: Deployment, following: Following, nextAt: number): Update {
  const { until } = following;
  return saved({ ...deployment, following }, Math.min(nextAt, until), []);
}

/** `at` is the next look; what is written down happened now, when there is none. */
function saved(
  deployment: Deployment,
  nextAt: number,
  audit: readonly [action: string, facts: AuditEntry["facts"]][],
): Update {
  return {
    deployment,
    nextAt,
    trouble: undefined,
    audit: audit.map(([action, facts]) => ({
      at: nextAt,
      deploymentId: deployment.id,
      actor: "omnibot",
      action,
      facts,
    })),
  };
}

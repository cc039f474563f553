import type { Environment } from "../config/config.ts";
import { atMost } from "./at-most.ts";
import type { Deployment } from "./deployment.ts";
import { endAs, entry } from "./ending.ts";
import { withEvidence } from "./evidence.ts";
import { follow, followingFrom, settles } from "./follow.ts";
import { caughtUp, deadlineOf, late } from "./lateness.ts";
import type { Claim, Ledger, Trouble, Update } from "./ledger.ts";
import { holdOf } from "./locks.ts";
import { createOnce, InDoubt, NotYet, TakenOver } from "./once.ts";
import type { Clock, World } from "./ports.ts";
import { ServiceError } from "./service-error.ts";
import { waiting, type Canceled, type Outcome, type Step } from "./step.ts";
import { leaveToOthers } from "./stranger.ts";
import { cancels, completes, currentStep, waits } from "./transitions.ts";
import { asSentence, pauseLeft, troubled } from "./trouble.ts";
import { withWayBack } from "./way-back.ts";

export interface LookContext {
  readonly steps: readonly Step[];
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly environment: Environment;
  readonly world: World;
  /** By how many milliseconds the row's lease is renewed before each act. */
  readonly lease: number;
  /** Told about everything that is a bug rather than a state of the world. */
  readonly report: (error: unknown, deployment: Deployment) => void;
}

/** Looks once at a claimed row: asks its current step, and says what to save. Undefined when the row was taken over. */
export async function look(given: Claim, context: LookContext): Promise<Update | undefined> {
  const update = await lookAtStep(given, context);
  // What failed before knows it already.
  if (update === undefined || given.deployment.failure !== undefined) return update;
  return withWayBack(update, context.ledger, context.environment, context.clock.now());
}

async function lookAtStep(given: Claim, context: LookContext): Promise<Update | undefined> {
  const { clock, steps } = context;
  const claim = caughtUp(given, clock.now());
  const { deployment } = claim;
  const progress = currentStep(deployment);
  if (progress === undefined) throw new Error(`#${deployment.id} is active and has no step left`);
  const step = steps.find((one) => one.name === progress.step);
  if (step === undefined) {
    const detail = `This version of omnibot knows no step "${progress.step}".`;
    return leaveToOthers(claim, "step-unknown", detail, clock.now());
  }
  const pause = pauseLeft(claim.trouble, clock.now());
  if (pause > 0)
    return { deployment, nextAt: clock.now() + pause, trouble: claim.trouble, audit: [] };

  const { following } = deployment;
  if (following !== undefined && (await isTakenOver(deployment, context.ledger))) {
    return settles(deployment, "the next deployment took over", clock.now());
  }
  const lateAt = following?.until ?? deadlineOf(step, deployment, context.environment, clock.now());
  const seen = await ask(step, claim, context, lateAt);
  if (seen === "taken-over") return undefined;
  const now = clock.now();
  const { outcome, trouble } = seen;
  const evidence = withEvidence(deployment.evidence, outcome.evidence, context.environment, now);

  if (following !== undefined && outcome.type !== "canceled")
    return follow(deployment, { step, outcome, evidence }, now);
  switch (outcome.type) {
    case "done": {
      const completed = completes(deployment, step.name, outcome.sentence, evidence, now);
      const hold = holdOf(completed, step.name, now);
      return {
        deployment: completed,
        nextAt: now,
        trouble: undefined,
        audit: [
          entry(
            deployment,
            `step-done:${step.name}`,
            { sentence: outcome.sentence, ...outcome.evidence },
            now,
          ),
        ],
        ...(hold === undefined ? {} : { hold }),
      };
    }
    case "canceled":
      return {
        deployment: cancels(deployment, step.name, outcome.sentence, evidence, now),
        nextAt: now,
        trouble: undefined,
        audit: [entry(deployment, "canceled", { sentence: outcome.sentence }, now)],
      };
    case "failed": {
      const { type: _, evidence: _found, settled, ...failure } = outcome;
      const further = followingFrom(step, settled !== undefined, now);
      return endAs(claim, failure, progress, now, evidence, further);
    }
    case "waiting":
      if (now >= lateAt) {
        return late(claim, step, progress, { ...outcome, evidence }, trouble, now);
      }
      return {
        deployment: waits(deployment, step.name, outcome.sentence, evidence, now),
        nextAt: Math.min(now + outcome.after, lateAt),
        trouble,
        audit: [],
      };
  }
}

type Seen = { readonly outcome: Outcome | Canceled; readonly trouble: Trouble | undefined };

/** Asks the step, and turns what it throws into an outcome: trouble is waited out, up to a bound. */
async function ask(
  step: Step,
  claim: Claim,
  context: LookContext,
  lateAt: number,
): Promise<Seen | "taken-over"> {
  const { ledger, clock, environment, world, lease } = context;
  const once = createOnce(ledger, claim, clock, lease);
  try {
    const stepContext = { world, environment, clock, once };
    const { deployment } = claim;
    const stopped =
      deployment.cancellation === undefined
        ? undefined
        : await step.cancel?.(deployment, stepContext);
    const outcome =
      stopped === undefined || stopped === "too-late"
        ? await step.advance(deployment, stepContext)
        : stopped;
    return { outcome, trouble: undefined };
  } catch (error) {
    if (error instanceof TakenOver) return "taken-over";
    if (error instanceof NotYet) {
      // Why it is in doubt is what the thread has to tell, also if this lasts for good.
      const { trouble } = claim;
      const why = trouble === undefined ? "" : `${asSentence(trouble.message)} `;
      const sentence = `${why}Makes sure that nothing is done twice, for ${atMost(error.left)} at most`;
      return { outcome: waiting({ seconds: error.after / 1000 }, sentence), trouble };
    }
    if (error instanceof InDoubt) {
      const detail = `The answer to "${error.effect}" was lost, and nothing shows whether it was done.`;
      return {
        outcome: { type: "failed", code: "run-in-doubt", detail, evidence: {} },
        trouble: undefined,
      };
    }
    if (!(error instanceof ServiceError)) context.report(error, claim.deployment);
    return troubled(error, claim, clock.now(), lateAt);
  }
}

/** Whether a later deployment has changed Git: what becomes of the world now is its story. */
async function isTakenOver({ id, environment }: Deployment, ledger: Ledger): Promise<boolean> {
  const [newest] = await ledger.list(environment, 1);
  return newest !== undefined && newest.id !== id && newest.evidence.merge !== undefined;
}

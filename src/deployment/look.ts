import type { Environment } from "../config/config.ts";
import type { CauseCode } from "./causes.ts";
import type { Deployment, Failure, Following, Progress } from "./deployment.ts";
import { withEvidence } from "./evidence.ts";
import { follow, followingFrom, passes, settles } from "./follow.ts";
import { holdOf } from "./locks.ts";
import { createOnce, InDoubt, NotYet, TakenOver } from "./once.ts";
import type { AuditEntry, Claim, Ledger, Trouble, TroubleKind, Update } from "./ledger.ts";
import type { Clock, World } from "./ports.ts";
import { ServiceError, type Service } from "./service-error.ts";
import { waiting, type Canceled, type Outcome, type Step } from "./step.ts";
import { findWayBack, goesBackByItself, rollbackOf } from "./way-back.ts";
import {
  cancels,
  completes,
  currentStep,
  expires,
  fails,
  misses,
  timeOn,
  waits,
} from "./transitions.ts";

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

/** How long a service may refuse omnibot, or omnibot may fail by a bug, before that is the end. Milliseconds. */
const patience = 2 * 60_000;

/** How long another version or configuration has to take care of what this one does not know: an update of several replicas. */
const updateTime = 10 * 60_000;
const updatePause = 5000;
/** No service asks for more patience than this (ms); a longer pause comes from a clock that was set back. */
const longestPause = 15 * 60_000;
/** A look that is later than this missed its time. The engine looks every second; a lease may have had to end first. */
const punctual = 10_000;

/** Looks once at a claimed row: asks its current step, and says what to save. Undefined when the row was taken over. */
export async function look(given: Claim, context: LookContext): Promise<Update | undefined> {
  const update = await lookAtStep(given, context);
  // What failed before knows it already.
  if (update === undefined || given.deployment.failure !== undefined) return update;
  return withWayBack(update, context);
}

/** A failure knows what people may go back to; where the environment says so, omnibot goes back by itself. */
async function withWayBack(
  update: Update,
  { ledger, environment, clock }: LookContext,
): Promise<Update> {
  const { deployment } = update;
  const { failure } = deployment;
  // It is found once, in the moment of the failure; and whoever was overtaken does not know what is live by now.
  if (deployment.state !== "failed" || failure === undefined || failure.wayBack !== undefined)
    return update;
  if (failure.code === "superseded") return update;
  const wayBack = await findWayBack(deployment, ledger, environment);
  if (wayBack === undefined) return update;
  const automatic = goesBackByItself(deployment, environment);
  const known = automatic ? { ...wayBack, automatic } : wayBack;
  const failed = { ...deployment, failure: { ...failure, wayBack: known } };
  return automatic
    ? {
        ...update,
        deployment: failed,
        next: rollbackOf(failed, wayBack, "omnibot", environment, clock.now()),
      }
    : { ...update, deployment: failed };
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
  const { trouble: asked } = claim;
  const pause = (asked?.notBefore ?? 0) - clock.now();
  if (asked !== undefined && pause > 0 && pause <= longestPause)
    return { deployment, nextAt: clock.now() + pause, trouble: asked, audit: [] };

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

/** What is wrong stays wrong; everything else is tried again, as long as it may, and the card says how long that is. */
function troubled(error: unknown, claim: Claim, now: number, lateAt: number): Seen {
  const known = error instanceof ServiceError ? error : undefined;
  const message =
    known?.message ?? "omnibot met a situation that it does not know; its log says more";
  const kind = known?.trouble ?? "bug";
  const before = claim.trouble;
  const trouble: Trouble = {
    kind,
    // Patience with one kind of trouble is not used up by another.
    since: before !== undefined && (before.kind ?? kind) === kind ? before.since : now,
    count: (before?.count ?? 0) + 1,
    message,
    ...byService(known?.service),
    ...(known?.retryAfter === undefined ? {} : { notBefore: now + known.retryAfter }),
  };
  const impatient = codeOfImpatience[kind];
  const end = impatient === undefined ? lateAt : Math.min(trouble.since + patience, lateAt);
  if (kind === "invalid" || (impatient !== undefined && now >= trouble.since + patience)) {
    const code = impatient ?? "service-refused";
    const failed = { code, detail: message, ...byService(known?.service), evidence: {} };
    return { outcome: { type: "failed", ...failed }, trouble };
  }
  const after = Math.max(backOff(trouble.count), known?.retryAfter ?? 0);
  const sentence = `${asSentence(message)} Tries again${soon(after)}, for ${atMost(end - now)} at most.`;
  return { outcome: waiting({ seconds: after / 1000 }, sentence), trouble };
}

/** Who is not allowed in may be in a moment, but not much later; who does not answer has the step's whole deadline. */
const codeOfImpatience: Readonly<Partial<Record<TroubleKind, CauseCode>>> = {
  bug: "internal-error",
  denied: "service-denied",
};

function byService(service: Service | undefined): { readonly service?: Service } {
  return service === undefined ? {} : { service };
}

function asSentence(words: string): string {
  return /[.!?…]$/.test(words) ? words : `${words}.`;
}

/** Short pauses are not worth a word that changes every time. */
function soon(after: number): string {
  return after < 60_000 ? "" : ` in ${atMost(after)}`;
}

/** In whole minutes, rounded up. */
function atMost(time: number): string {
  const minutes = Math.max(1, Math.ceil(time / 60_000));
  return minutes < 120 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
}

/** 1, 2, 4 … 30 seconds, each up to a quarter longer so that many rows do not come back as one. */
function backOff(count: number): number {
  const base = Math.min(1000 * 2 ** (count - 1), 30_000);
  return base + Math.round(Math.random() * (base / 4));
}

/** Whether a later deployment has changed Git: what becomes of the world now is its story. */
async function isTakenOver({ id, environment }: Deployment, ledger: Ledger): Promise<boolean> {
  const [newest] = await ledger.list(environment, 1);
  return newest !== undefined && newest.id !== id && newest.evidence.merge !== undefined;
}

/** A request expires when its card says so; every other step has its time. */
function deadlineOf(
  step: Step,
  deployment: Deployment,
  environment: Environment,
  now: number,
): number {
  if (step.name === "approve") return deployment.expiresAt;
  const most = environment.deadlines[step.name] ?? step.deadline;
  return now + most - timeOn(deployment, now);
}

function late(
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

function endAs(
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

function entry(
  deployment: Deployment,
  action: string,
  facts: AuditEntry["facts"],
  at: number,
): AuditEntry {
  return { at, deploymentId: deployment.id, actor: "omnibot", action, facts };
}

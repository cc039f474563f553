import type { Deployment, Evidence, Failure, Progress, State, StepName } from "./deployment.ts";

/** The step that is worked on: the first that is not done. */
export function currentStep(deployment: Pick<Deployment, "progress">): Progress | undefined {
  return deployment.progress.find((one) => one.state !== "done");
}

/** How long the current step has been worked on, in milliseconds. What was missed does not count. */
export function timeOn({ progress }: Pick<Deployment, "progress">, now: number): number {
  const { startedAt = now, missed = 0 } = currentStep({ progress }) ?? {};
  return now - startedAt - missed;
}

/**
 * The row as if nobody had missed anything. After an outage, or when the clock was set forward, a step has not had its time
 * yet; when the clock was set back, it begins now.
 */
export function misses(deployment: Deployment, time: number, now: number): Deployment {
  const step = currentStep(deployment)?.step;
  return {
    ...deployment,
    progress: deployment.progress.map((one) => {
      if (one.step !== step || one.startedAt === undefined) return one;
      if (one.startedAt > now) return { ...one, startedAt: now, missed: 0 };
      return time === 0 ? one : { ...one, missed: (one.missed ?? 0) + time };
    }),
  };
}

/** The row while a step waits: it has started, and says what it waits for. */
export function waits(
  deployment: Deployment,
  step: StepName,
  sentence: string,
  evidence: Evidence,
  now: number,
): Deployment {
  return withStep(deployment, step, evidence, (one) => ({
    ...one,
    state: "running",
    startedAt: one.startedAt ?? now,
    sentence,
  }));
}

/** The row after a step: the next one starts, or, after the last, the deployment is live. */
export function completes(
  deployment: Deployment,
  step: StepName,
  sentence: string,
  evidence: Evidence,
  now: number,
): Deployment {
  const after = withStep(deployment, step, evidence, (one) => ({
    ...one,
    state: "done",
    startedAt: one.startedAt ?? now,
    endedAt: now,
    sentence,
  }));
  const next = currentStep(after);
  if (next === undefined) return ends(after, "live", now);
  return withStep(after, next.step, {}, (one) => ({ ...one, state: "running", startedAt: now }));
}

/** The row after a failure; what was proven so far stays. */
export function fails(
  deployment: Deployment,
  failure: Failure,
  evidence: Evidence,
  now: number,
): Deployment {
  const after = withStep(deployment, failure.step, evidence, (one) => ({
    ...one,
    state: "failed",
    startedAt: one.startedAt ?? now,
    endedAt: now,
    sentence: failure.detail,
  }));
  return { ...ends(after, "failed", now), failure };
}

/** The row of a failed deployment, back at work at its failed step, which has its whole time again. */
export function resumes(deployment: Deployment, now: number): Deployment {
  const { failure: _failure, endedAt: _endedAt, following: _following, ...rest } = deployment;
  return {
    ...rest,
    retries: (deployment.retries ?? 0) + 1,
    state: "active",
    progress: deployment.progress.map((one) =>
      one.state === "failed"
        ? { step: one.step, title: one.title, state: "running", startedAt: now }
        : one,
    ),
  };
}

/** The row after somebody stopped it; its step says what is left. */
export function cancels(
  deployment: Deployment,
  step: StepName,
  sentence: string,
  evidence: Evidence,
  now: number,
): Deployment {
  const after = withStep(deployment, step, evidence, (one) => ({
    ...one,
    state: "failed",
    startedAt: one.startedAt ?? now,
    endedAt: now,
    sentence,
  }));
  return ends(after, "canceled", now);
}

/** The row of a request that nobody decided in time. */
export function expires(deployment: Deployment, now: number): Deployment {
  return ends(deployment, "expired", now);
}

function ends(deployment: Deployment, state: State, now: number): Deployment {
  return { ...deployment, state, endedAt: now };
}

function withStep(
  deployment: Deployment,
  step: StepName,
  evidence: Evidence,
  change: (progress: Progress) => Progress,
): Deployment {
  return {
    ...deployment,
    evidence: { ...deployment.evidence, ...evidence },
    progress: deployment.progress.map((one) => (one.step === step ? change(one) : one)),
  };
}

import { randomUUID } from "node:crypto";
import { parseKey, runController, type Control } from "./controller.ts";
import { createPod } from "./create-pod.ts";
import type { Events } from "./events.ts";
import type { Nature } from "./nature.ts";
import type { Pod } from "./objects.ts";
import { isOwnedBy, withTheirPods } from "./owners.ts";
import { deletePod, isActive, isReady, isTerminating } from "./pods.ts";
import type { NewObject, Store } from "./store.ts";
import type { Job } from "./workload-objects.ts";

const component = "job-controller";
/** Until the pod after one that failed, in milliseconds; it doubles with each. */
const backOff = { first: 10_000, longest: 600_000 };
/** When a pod that may not be created is tried again, in milliseconds. */
const again = 3000;

/** Creates a Job, with the selector and the labels that the API server gives it. */
export function createJob(
  store: Store,
  { metadata, spec }: Omit<NewObject<"jobs">, "status">,
): Job {
  const uid = randomUUID();
  const own = {
    "batch.kubernetes.io/controller-uid": uid,
    "batch.kubernetes.io/job-name": metadata.name,
    "controller-uid": uid,
    "job-name": metadata.name,
  };
  const { template } = spec;
  const labels = { ...template.metadata.labels, ...own };
  const completed: Job["spec"] = {
    ...spec,
    selector: { matchLabels: { "batch.kubernetes.io/controller-uid": uid } },
    template: { ...template, metadata: { ...template.metadata, labels } },
  };
  return store.create("jobs", { metadata, spec: completed, status: {} }, uid);
}

/** Runs the pods of Jobs until enough ended well, or more failed than may: see pkg/controller/job of Kubernetes. */
export function runJobController(control: Control, events: Events, nature: () => Nature): void {
  const { store, clock } = control;
  /** When pods were seen to have failed, and when Jobs began, in ticks: their objects know whole seconds only. */
  const failedAt = new Map<string, number>();
  const startedAt = new Map<string, number>();

  function reconcile(key: string): number | undefined {
    const { namespace, name } = parseKey(key);
    const job = store.get("jobs", namespace, name);
    if (job === undefined || hasFinished(job)) return undefined;
    const pods = store.list("pods", namespace).filter((pod) => isOwnedBy(pod, job.metadata.uid));
    const active = pods.filter(isActive);
    const failed = pods.filter(({ status }) => status.phase === "Failed");
    const succeeded = pods.filter(({ status }) => status.phase === "Succeeded").length;
    write(job, pods, succeeded, failed.length);
    if (job.spec.suspend === true) {
      for (const pod of active) deletePod(control, namespace, pod.metadata.name);
      return undefined;
    }
    if (succeeded >= job.spec.completions) return finish(job, "Complete");
    const why = failureOf(job, active, failed.length);
    if (why !== undefined) {
      for (const pod of active) deletePod(control, namespace, pod.metadata.name);
      return finish(job, "Failed", why);
    }
    const missing =
      Math.min(job.spec.parallelism, job.spec.completions - succeeded) - active.length;
    if (missing <= 0) return deadlineLeft(job);
    const wait = backOffLeft(failed);
    return wait > 0 ? wait : create(job, missing);
  }

  function create(job: Job, missing: number): number | undefined {
    const refusal = nature().admit?.(job);
    if (refusal !== undefined) {
      const message = `Error creating: ${refusal}`;
      events.record({ about: job, type: "Warning", reason: "FailedCreate", message, component });
      return again;
    }
    for (let left = missing; left > 0; left -= 1) {
      const pod = createPod(store, nature(), job, job.spec.template);
      const message = `Created pod: ${pod.metadata.name}`;
      events.record({ about: job, reason: "SuccessfulCreate", message, component });
    }
    return deadlineLeft(job);
  }

  /** How long (ms) until the next pod may come after those that failed. */
  function backOffLeft(failed: readonly Pod[]): number {
    if (failed.length === 0) return 0;
    for (const { metadata } of failed)
      if (!failedAt.has(metadata.uid)) failedAt.set(metadata.uid, clock.ticks());
    const last = Math.max(...failed.map(({ metadata }) => failedAt.get(metadata.uid) ?? 0));
    const wait = Math.min(backOff.first * 2 ** (failed.length - 1), backOff.longest);
    return last + wait - clock.ticks();
  }

  function failureOf(
    job: Job,
    active: readonly Pod[],
    failed: number,
  ): Pick<Reason, "reason" | "message"> | undefined {
    const restarts = active
      .flatMap((pod) => pod.status.containerStatuses ?? [])
      .reduce((sum, { restartCount }) => sum + restartCount, 0);
    const { spec } = job;
    const restarted = spec.template.spec["restartPolicy"] === "OnFailure";
    const tooOften = restarted
      ? restarts > 0 && restarts >= spec.backoffLimit
      : failed > spec.backoffLimit;
    if (tooOften)
      return {
        reason: "BackoffLimitExceeded",
        message: "Job has reached the specified backoff limit",
      };
    const left = deadlineLeft(job);
    if (left === undefined || left > 0) return undefined;
    return {
      reason: "DeadlineExceeded",
      message: "Job was active longer than specified deadline",
    };
  }

  function deadlineLeft({ metadata, spec }: Job): number | undefined {
    const { activeDeadlineSeconds } = spec;
    if (activeDeadlineSeconds === undefined) return undefined;
    const since = startedAt.get(metadata.uid) ?? clock.ticks();
    startedAt.set(metadata.uid, since);
    return since + activeDeadlineSeconds * 1000 - clock.ticks();
  }

  function write(job: Job, pods: readonly Pod[], succeeded: number, failed: number): void {
    const { namespace, name } = job.metadata;
    const active = pods.filter(isActive);
    const counts = { active: active.length, succeeded, failed };
    store.update("jobs", namespace, name, (draft) => {
      draft.status = {
        startTime: draft.status.startTime ?? clock.timestamp(),
        ...Object.fromEntries(Object.entries(counts).filter(([, number]) => number > 0)),
        ready: active.filter(isReady).length,
        terminating: pods.filter(isTerminating).length,
        uncountedTerminatedPods: {},
        ...(draft.status.conditions && { conditions: draft.status.conditions }),
      };
    });
  }

  /** A Job says what it aims at before it says how it ended. */
  function finish(job: Job, type: "Complete" | "Failed", why?: Omit<Reason, "type">): undefined {
    const { namespace, name } = job.metadata;
    const aim = type === "Complete" ? "SuccessCriteriaMet" : "FailureTarget";
    const reached = {
      reason: "CompletionsReached",
      message: "Reached expected number of succeeded pods",
    };
    const now = clock.timestamp();
    const condition = (of: string) => ({
      type: of,
      status: "True" as const,
      lastProbeTime: now,
      lastTransitionTime: now,
      ...(why ?? reached),
    });
    store.update("jobs", namespace, name, ({ status }) => {
      delete status.active;
      status.conditions = [...(status.conditions ?? []), condition(aim), condition(type)];
      if (type === "Complete") status.completionTime = now;
    });
    const message = why?.message ?? "Job completed";
    const reason = why?.reason ?? "Completed";
    const kind = why === undefined ? "Normal" : "Warning";
    events.record({ about: job, type: kind, reason, message, component });
  }

  runController(control, {
    name: component,
    keys: withTheirPods("jobs", "Job"),
    reconcile: async (key) => reconcile(key),
  });
}

interface Reason {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

function hasFinished({ status }: Job): boolean {
  return (
    status.conditions?.some(
      ({ type, status: is }) => is === "True" && (type === "Complete" || type === "Failed"),
    ) === true
  );
}

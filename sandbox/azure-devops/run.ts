import { setTimeout as delay } from "node:timers/promises";
import type { Scenario } from "../scenario.ts";
import type { Controls } from "./controls.ts";
import type { LogContext } from "./logs.ts";
import type { IdentityRef } from "./organization.ts";
import { queueTime, stages, type PlannedTask } from "./plan.ts";

export type TaskResult = "succeeded" | "failed" | "canceled" | "skipped";

/** A task of a run. Its log exists when it has finished. */
export interface Task {
  readonly plan: PlannedTask;
  readonly stage: number;
  readonly logId: number;
  startedAt?: number;
  finishedAt?: number;
  result?: TaskResult;
  issues: readonly string[];
}

export interface RunRequest {
  readonly id: number;
  readonly number: string;
  readonly commit: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly variables: Readonly<
    Record<string, { readonly value: string; readonly isSecret: boolean }>
  >;
  readonly requestedFor: IdentityRef;
  readonly scenario: Scenario;
  readonly queuedAt: number;
}

export type Push = (
  tag: string,
  content: { readonly scenario: Scenario; readonly commit: string },
) => unknown;

const repository = "omnispatial.azurecr.io/omnispatial/web";

/** One run of the pipeline, a build to the other half of the API. Times are milliseconds since 1970. */
export class Run {
  readonly request: RunRequest;
  readonly tasks: readonly Task[];
  status: "notStarted" | "inProgress" | "cancelling" | "completed" = "notStarted";
  result?: "succeeded" | "failed" | "canceled";
  startedAt?: number;
  finishedAt?: number;
  /** Told when it begins and when it is completed. */
  changed: (run: Run) => void = () => {};
  readonly #stop = new AbortController();

  constructor(request: RunRequest) {
    this.request = request;
    let logId = 0;
    this.tasks = stages.flatMap(({ tasks }, stage) =>
      tasks.map((plan) => ({ plan, stage, logId: ++logId, issues: [] })),
    );
  }

  get tag(): string {
    return `${this.request.parameters["environment"] ?? "production"}-${this.request.id}`;
  }

  get logContext(): LogContext {
    const { scenario, commit } = this.request;
    return { scenario, commit, image: `${repository}:${this.tag}`, agent: "Azure Pipelines 3" };
  }

  /** Lives the run's life in real time, divided by `speed`. Resolves when it is completed or `closing` is aborted. */
  async live(speed: number, push: Push, closing: AbortSignal, controls: Controls): Promise<void> {
    const pace = (this.request.scenario === "slow" ? 5 : 1) / speed;
    const cancelled = this.#stop.signal;
    const signal = AbortSignal.any([cancelled, closing]);
    const wait = (milliseconds: number) =>
      delay(milliseconds * pace, undefined, { signal, ref: false }).catch(() => {});
    await wait(queueTime);
    await controls.ready(signal);
    if (!signal.aborted) this.#begin(Date.now());
    for (const task of this.tasks) {
      if (this.#passesOver(task)) {
        task.result = "skipped";
        continue;
      }
      task.startedAt = Date.now();
      await wait(task.plan.duration);
      if (closing.aborted) return;
      if (!cancelled.aborted) await this.#work(task, push);
      this.#finish(task, Date.now());
    }
    // An agent needs a moment to give up.
    if (cancelled.aborted)
      await delay(1000 / speed, undefined, { signal: closing, ref: false }).catch(() => {});
    if (!closing.aborted) this.#complete(Date.now());
  }

  /** Writes a run of the past as it went. */
  remember(): void {
    let at = this.request.queuedAt + queueTime;
    this.#begin(at);
    for (const task of this.tasks) {
      task.startedAt = at;
      at += task.plan.duration;
      this.#finish(task, at);
    }
    this.#complete(at);
  }

  /** Asks the run to stop. */
  cancel(): void {
    this.status = "cancelling";
    this.#stop.abort();
  }

  async #work(task: Task, push: Push): Promise<void> {
    const { scenario, commit } = this.request;
    if (task.plan.failure !== undefined && scenario === "build-fails")
      task.issues = task.plan.failure;
    if (task.plan.pushes !== true || scenario === "image-missing") return;
    try {
      await push(this.tag, { scenario, commit });
    } catch (error) {
      task.issues = [`denied: ${error instanceof Error ? error.message : String(error)}`];
    }
  }

  /** After a failure the rest of the job is skipped but for its end, and every later stage; a cancelled run just stops. */
  #passesOver(task: Task): boolean {
    if (this.#stop.signal.aborted) return true;
    const failed = this.tasks.find((one) => one.result === "failed");
    return failed !== undefined && !(task.plan.always === true && task.stage === failed.stage);
  }

  #begin(at: number): void {
    this.startedAt = at;
    if (this.status === "notStarted") this.status = "inProgress";
    this.changed(this);
  }

  #finish(task: Task, at: number): void {
    task.finishedAt = at;
    if (this.#stop.signal.aborted) task.result = "canceled";
    else task.result = task.issues.length > 0 ? "failed" : "succeeded";
  }

  #complete(at: number): void {
    this.finishedAt = at;
    this.status = "completed";
    if (this.#stop.signal.aborted) this.result = "canceled";
    else this.result = this.tasks.some((task) => task.result === "failed") ? "failed" : "succeeded";
    this.changed(this);
  }
}

/** The log of a finished task, each line with its time as the agent writes it. */
export function readLog(run: Run, task: Task): readonly string[] {
  if (task.startedAt === undefined || task.finishedAt === undefined) return [];
  const lines = task.plan.log(run.logContext);
  const step = (task.finishedAt - task.startedAt) / lines.length;
  const start = task.startedAt;
  return lines.map(
    (line, i) => `${new Date(start + i * step).toISOString().replace("Z", "0000Z")} ${line}`,
  );
}

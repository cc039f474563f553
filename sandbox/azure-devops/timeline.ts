import { uuid } from "./organization.ts";
import { stages } from "./plan.ts";
import type { Run, Task, TaskResult } from "./run.ts";

interface TimelineRecord {
  readonly id: string;
  readonly parentId: string | null;
  readonly type: string;
  readonly name: string;
  readonly identifier: string | null;
  readonly order: number;
  readonly state: "pending" | "inProgress" | "completed";
  readonly result: TaskResult | null;
  readonly startTime: string | null;
  readonly finishTime: string | null;
  readonly [field: string]: unknown;
}

type Place = Pick<TimelineRecord, "id" | "parentId" | "type" | "name" | "identifier" | "order">;

/** The tree of a run: stages, in each a checkpoint and a phase, in it a job, and the tasks once the job has begun. */
export function timelineOf(run: Run, buildUrl: string): object {
  const id = (words: string) => uuid(`${run.request.id} ${words}`);
  const records = stages.flatMap((stage, order) => {
    const tasks = run.tasks.filter((task) => task.stage === order);
    const begun = tasks.some((task) => task.startedAt !== undefined);
    const [stageId, phaseId, jobId] = [
      id(`stage ${stage.name}`),
      id(`phase ${stage.name}`),
      id(`job ${stage.name}`),
    ];
    const group = (place: Omit<Place, "order">, at = order + 1) =>
      recordOf({ ...place, order: at }, summarize(tasks), {});
    const gate = id(`checkpoint ${stage.name}`);
    return [
      group({
        id: stageId,
        parentId: null,
        type: "Stage",
        name: stage.name,
        identifier: stage.name,
      }),
      recordOf(
        {
          id: gate,
          parentId: stageId,
          type: "Checkpoint",
          name: "Checkpoint",
          identifier: "Checkpoint",
          order: 1,
        },
        begun ? { ...summarize(tasks), state: "completed", result: "succeeded" } : summarize(tasks),
        {},
      ),
      group(
        {
          id: phaseId,
          parentId: stageId,
          type: "Phase",
          name: stage.job,
          identifier: `${stage.name}.job`,
        },
        1,
      ),
      group(
        {
          id: jobId,
          parentId: phaseId,
          type: "Job",
          name: stage.job,
          identifier: `${stage.name}.job.__default`,
        },
        1,
      ),
      ...(begun ? tasks : []).map((task, i) =>
        taskRecord(run, task, id(`task ${task.logId}`), jobId, i + 1, buildUrl),
      ),
    ];
  });
  return {
    id: id("timeline"),
    changeId: records.filter((record) => record.state !== "pending").length,
    lastChangedBy: "00000002-0000-8888-8000-000000000000",
    lastChangedOn: new Date(Math.max(run.request.queuedAt, ...times(run))).toISOString(),
    url: `${buildUrl}/Timeline/${id("timeline")}`,
    records,
  };
}

type Progress = Pick<TimelineRecord, "state" | "result" | "startTime" | "finishTime">;

function recordOf(place: Place, progress: Progress, more: object): TimelineRecord {
  return {
    previousAttempts: [],
    attempt: 1,
    currentOperation: null,
    percentComplete: null,
    resultCode: null,
    workerName: null,
    errorCount: progress.result === "failed" ? 1 : 0,
    warningCount: 0,
    log: null,
    task: null,
    ...place,
    ...progress,
    ...more,
  };
}

function taskRecord(
  run: Run,
  task: Task,
  id: string,
  parentId: string,
  order: number,
  buildUrl: string,
): TimelineRecord {
  const { name } = task.plan;
  const progress = summarize([task]);
  const issues = task.issues.map((message) => ({
    type: "error",
    category: "General",
    message,
    data: { type: "error" },
  }));
  return recordOf({ id, parentId, type: "Task", name, identifier: null, order }, progress, {
    workerName: run.logContext.agent,
    errorCount: issues.length,
    ...(issues.length === 0 ? {} : { issues }),
    log:
      task.finishedAt === undefined
        ? null
        : { id: task.logId, type: "Container", url: `${buildUrl}/logs/${task.logId}` },
  });
}

/** The state of a group, from that of its tasks. */
function summarize(tasks: readonly Task[]): Progress {
  const started = tasks.flatMap((task) => task.startedAt ?? []);
  const finished = tasks.flatMap((task) => task.finishedAt ?? []);
  const over = tasks.every((task) => task.result !== undefined);
  return {
    state: over ? "completed" : started.length > 0 ? "inProgress" : "pending",
    result: over ? overall(tasks) : null,
    startTime: started.length > 0 ? new Date(Math.min(...started)).toISOString() : null,
    finishTime: over && finished.length > 0 ? new Date(Math.max(...finished)).toISOString() : null,
  };
}

function overall(tasks: readonly Task[]): TaskResult {
  const results = tasks.map((task) => task.result);
  if (results.includes("failed")) return "failed";
  if (results.includes("canceled")) return "canceled";
  return results.includes("succeeded") ? "succeeded" : "skipped";
}

function times(run: Run): number[] {
  return run.tasks.flatMap((task) => [task.startedAt ?? [], task.finishedAt ?? []].flat());
}

import type { Controls } from "./controls.ts";
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

const noAgent = "No agents in pool Azure Pipelines are currently able to service this request.";

/** The tree of a run: stages, in each a checkpoint and a phase, in it a job, and the tasks once the job has begun. */
export function timelineOf(run: Run, buildUrl: string, controls: Controls): object {
  const id = uuid(`${run.request.id} timeline`);
  const records = stages.flatMap((_, stage) => stageRecords(run, stage, buildUrl, controls));
  return {
    id,
    changeId: records.filter((record) => record.state !== "pending").length,
    lastChangedBy: "00000002-0000-8888-8000-000000000000",
    lastChangedOn: new Date(Math.max(run.request.queuedAt, ...times(run))).toISOString(),
    url: `${buildUrl}/Timeline/${id}`,
    records,
  };
}

function stageRecords(
  run: Run,
  stage: number,
  buildUrl: string,
  { approved, agents }: Controls,
): TimelineRecord[] {
  const { name = "", job = "" } = stages[stage] ?? {};
  const tasks = run.tasks.filter((task) => task.stage === stage);
  const whole = summarize(tasks);
  const begun = whole.startTime !== null;
  const place = (
    type: string,
    parentId: string | null,
    called: string,
    identifier: string,
    order = 1,
  ): Place => ({
    id: uuid(`${run.request.id} ${type} ${name}`),
    parentId,
    type,
    name: called,
    identifier,
    order,
  });
  const stageAt = place("Stage", null, name, name, stage + 1);
  const checkpointAt = place("Checkpoint", stageAt.id, "Checkpoint", "Checkpoint");
  const phaseAt = place("Phase", stageAt.id, job, `${name}.job`);
  const jobAt = place("Job", phaseAt.id, job, `${name}.job.__default`);
  const passed: Progress = {
    ...whole,
    state: "completed",
    result: "succeeded",
    finishTime: whole.startTime,
  };
  const first = stage === 0 && !begun && run.status !== "completed";
  const held: Progress | undefined =
    first && !approved ? { ...whole, state: "inProgress" } : undefined;
  const approvalAt = place(
    "Checkpoint.Approval",
    checkpointAt.id,
    "Checkpoint.Approval",
    "Approval",
  );
  const issues = [{ type: "warning", category: "General", message: noAgent, data: {} }];
  return [
    recordOf(stageAt, whole),
    recordOf(checkpointAt, held ?? (begun || first ? passed : whole)),
    ...(held === undefined ? [] : [recordOf(approvalAt, held)]),
    recordOf(phaseAt, whole),
    recordOf(jobAt, whole, first && approved && !agents ? { issues } : {}),
    ...(begun ? tasks : []).map((task, i) => taskRecord(run, task, jobAt.id, i + 1, buildUrl)),
  ];
}

type Progress = Pick<TimelineRecord, "state" | "result" | "startTime" | "finishTime">;

function recordOf(place: Place, progress: Progress, more: object = {}): TimelineRecord {
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
  parentId: string,
  order: number,
  buildUrl: string,
): TimelineRecord {
  const id = uuid(`${run.request.id} Task ${task.logId}`);
  const place = { id, parentId, type: "Task", name: task.plan.name, identifier: null, order };
  const issues = task.issues.map((message) => ({
    type: "error",
    category: "General",
    message,
    data: { type: "error" },
  }));
  const log = { id: task.logId, type: "Container", url: `${buildUrl}/logs/${task.logId}` };
  return recordOf(place, summarize([task]), {
    workerName: run.logContext.agent,
    errorCount: issues.length,
    ...(issues.length === 0 ? {} : { issues }),
    log: task.finishedAt === undefined ? null : log,
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
  const results = new Set(tasks.map((task) => task.result));
  if (results.has("failed")) return "failed";
  if (results.has("canceled")) return "canceled";
  return results.has("succeeded") ? "succeeded" : "skipped";
}

function times(run: Run): number[] {
  return run.tasks.flatMap((task) => [task.startedAt ?? [], task.finishedAt ?? []].flat());
}

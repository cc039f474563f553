import {
  IssueType,
  TaskResult,
  TimelineRecordState,
} from "azure-devops-node-api/interfaces/BuildInterfaces.js";
import { firstWords } from "../deployment/words.ts";
import type { TimelineRecord } from "./devops-answers.ts";

/** The name that Azure DevOps gives to the one stage of a pipeline that declares none. */
const unnamedStage = "__default";

/** How far a running pipeline is, as a sentence. Names come from outside. */
export function describeProgress(records: readonly TimelineRecord[]): string {
  const stages = records
    .filter((one) => one.type === "Stage" && one.result !== TaskResult.Skipped)
    .toSorted((a, b) => (a.order ?? 0) - (b.order ?? 0));
  const running = stages.findIndex((one) => one.state === TimelineRecordState.InProgress);
  const index =
    running >= 0 ? running : stages.findIndex((one) => one.state !== TimelineRecordState.Completed);
  const stage = stages[index];
  if (stage === undefined) return stages.length === 0 ? "Running" : "Finishing";
  const step =
    stages.length === 1 && stage.name === unnamedStage
      ? "Running"
      : `Stage ${index + 1} of ${stages.length}: ${nameOf(stage)}`;
  return waitsForCheck(records, stage)
    ? `${step}, waits for an approval or a check in Azure DevOps`
    : step;
}

function waitsForCheck(records: readonly TimelineRecord[], stage: TimelineRecord): boolean {
  return records.some(
    (one) =>
      one.parentId === stage.id &&
      one.type?.startsWith("Checkpoint") === true &&
      one.state !== TimelineRecordState.Completed &&
      stage.state !== TimelineRecordState.InProgress,
  );
}

/** What made a run fail. */
export interface RunFailure {
  readonly name: string;
  /** A sentence that names the task and the first issue. From outside. */
  readonly detail: string;
  readonly log: number | undefined;
}

/**
 * The record that explains why a run failed: the first task that failed, because later ones that run in spite of it often fail
 * after it; where no task did (a job ran out of time, an agent was lost), the first record with an error.
 */
export function findFailure(records: readonly TimelineRecord[]): RunFailure | undefined {
  const ended = records.toSorted((a, b) => time(a) - time(b) || (a.order ?? 0) - (b.order ?? 0));
  const failed = ended.filter((one) => one.result === TaskResult.Failed);
  const record =
    failed.find((one) => one.type === "Task") ??
    ended.find((one) => firstError(one) !== undefined) ??
    failed[0];
  if (record === undefined) return undefined;
  const issue = firstError(record);
  const name = nameOf(record);
  const what = `${record.type ?? "Step"} "${name}" ${record.result === TaskResult.SucceededWithIssues ? "had an error" : "failed"}`;
  return {
    name,
    detail: issue === undefined ? `${what}.` : `${what}: ${issue}`,
    log: record.log?.id,
  };
}

function time(record: TimelineRecord): number {
  return record.finishTime?.getTime() ?? Number.MAX_SAFE_INTEGER;
}

function firstError(record: TimelineRecord): string | undefined {
  const message = record.issues?.find((issue) => issue.type === IssueType.Error)?.message;
  return message === null || message === undefined ? undefined : firstWords(message);
}

function nameOf(record: TimelineRecord): string {
  const name = firstWords(record.name ?? "");
  return name === "" ? "without a name" : name.slice(0, 80);
}

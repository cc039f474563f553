import {
  IssueType,
  TaskResult,
  TimelineRecordState,
} from "azure-devops-node-api/interfaces/BuildInterfaces.js";
import type { CauseCode } from "../deployment/causes.ts";
import { firstWords } from "../deployment/words.ts";
import type { TimelineRecord } from "./devops-answers.ts";

/** The name that Azure DevOps gives to the one stage of a pipeline that declares none. */
const unnamedStage = "__default";

export interface RunProgress {
  /** Names in it come from outside. */
  readonly sentence: string;
  /** The cause, should this last too long. */
  readonly late?: CauseCode;
}

/** How far a pipeline is, or whom it waits for. */
export function describeProgress(records: readonly TimelineRecord[]): RunProgress {
  const stages = records
    .filter((one) => one.type === "Stage" && one.result !== TaskResult.Skipped)
    .toSorted((a, b) => (a.order ?? 0) - (b.order ?? 0));
  const running = stages.findIndex((one) => one.state === TimelineRecordState.InProgress);
  const index =
    running >= 0 ? running : stages.findIndex((one) => one.state !== TimelineRecordState.Completed);
  const stage = stages[index];
  if (stage === undefined) return { sentence: stages.length === 0 ? "Running" : "Finishing" };
  const step =
    stages.length === 1 && stage.name === unnamedStage
      ? "Running"
      : `Stage ${index + 1} of ${stages.length}: ${nameOf(stage)}`;
  const wait = findWait(records, stage);
  return wait === undefined
    ? { sentence: step }
    : { sentence: `${step}, ${wait.sentence}`, late: wait.late };
}

/** Whether a check is under way for certain: every stage has a checkpoint, which is passed at once where nothing is asked. */
export function isChecked(records: readonly TimelineRecord[]): boolean {
  return records.some(
    ({ type, state }) =>
      (type === "Checkpoint" && state === TimelineRecordState.InProgress) ||
      (type?.startsWith("Checkpoint.") === true && state !== TimelineRecordState.Completed),
  );
}

/** What holds a stage up: a check before it, or a job that no agent has taken. */
function findWait(
  records: readonly TimelineRecord[],
  stage: TimelineRecord,
): Required<RunProgress> | undefined {
  const below = descendants(records, stage.id).filter(
    (one) => one.state !== TimelineRecordState.Completed,
  );
  const checks = below.filter((one) => one.type?.startsWith("Checkpoint") === true);
  if (checks.length > 0 && stage.state !== TimelineRecordState.InProgress) {
    const kinds = checks.flatMap((one) => checkWords[one.type ?? ""] ?? []);
    const sentence = `waits for ${kinds[0] ?? "an approval or a check"} in Azure DevOps`;
    return { sentence, late: "pipeline-not-approved" };
  }
  const jobs = below.filter((one) => one.type === "Job");
  if (jobs.length === 0 || jobs.some((one) => one.state !== TimelineRecordState.Pending))
    return undefined;
  return { sentence: `waits for an agent${reasonOf(jobs)}`, late: "pipeline-no-agent" };
}

/** What the service says about a job that no agent takes, behind a colon; "" for nothing. */
export function reasonOf(jobs: readonly TimelineRecord[]): string {
  const messages = jobs
    .filter((one) => one.type === "Job" && one.state === TimelineRecordState.Pending)
    .flatMap((one) => one.issues ?? [])
    .map((issue) => firstWords(issue.message ?? ""));
  const reason = messages.find((message) => message !== "");
  return reason === undefined ? "" : `: ${reason}`;
}

const checkWords: Readonly<Record<string, string>> = {
  "Checkpoint.Approval": "an approval",
  "Checkpoint.Authorization": "the permission to use a resource, to be given",
};

function descendants(records: readonly TimelineRecord[], id: string): readonly TimelineRecord[] {
  const children = records.filter((one) => one.parentId === id && one.id !== id);
  const rest = records.filter((one) => !children.includes(one));
  return children.flatMap((child) => [child, ...descendants(rest, child.id)]);
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

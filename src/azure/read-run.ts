import {
  BuildResult,
  BuildStatus,
  ValidationResult,
} from "azure-devops-node-api/interfaces/BuildInterfaces.js";
import { z } from "zod";
import type { BuildConfig } from "../config/config.ts";
import type { Excerpt } from "../deployment/deployment.ts";
import type { Bad, RunState } from "../deployment/ports.ts";
import { ServiceError } from "../deployment/service-error.ts";
import { firstWords } from "../deployment/words.ts";
import {
  buildAnswer,
  logsAnswer,
  timelineAnswer,
  type Build,
  type TimelineRecord,
} from "./devops-answers.ts";
import type { DevOps } from "./devops.ts";
import { fetchedLines, tailOfTask } from "./log-tail.ts";
import { evidenceOf, runUrl } from "./run-evidence.ts";
import {
  describeProgress,
  findFailure,
  isChecked,
  reasonOf,
  type RunFailure,
  type RunProgress,
} from "./timeline.ts";

/** A build of the configured pipeline; undefined for none, and for a build of another pipeline. */
export async function readBuild(
  devOps: DevOps,
  config: BuildConfig,
  id: number,
): Promise<Build | undefined> {
  const build = await devOps.read(buildAnswer, (apis) => apis.build.getBuild(config.project, id));
  return build?.definition?.id === config.pipeline ? build : undefined;
}

/**
 * How a run stands. "Partially succeeded" is a failure here: something in it failed and was told to be ignored, and whether
 * the image is sound is not for omnibot to guess.
 */
export async function readRun(
  devOps: DevOps,
  config: BuildConfig,
  id: number,
  unread: UnreadLogs,
): Promise<RunState> {
  const build = await readBuild(devOps, config, id);
  if (build === undefined) {
    const words = `Azure DevOps has no run ${id} of pipeline ${config.pipeline} any more`;
    throw new ServiceError("azure-devops", "invalid", "none", words);
  }
  switch (build.status) {
    case BuildStatus.NotStarted:
      return { state: "queued", ...(await describeQueue(devOps, config, build)) };
    case BuildStatus.Postponed:
      return { state: "queued", sentence: "Azure DevOps has postponed the run" };
    case BuildStatus.Cancelling:
      return { state: "running", sentence: "Azure DevOps is canceling the run" };
    case BuildStatus.InProgress:
      return { state: "running", ...describeProgress(await readTimeline(devOps, config, id)) };
    case BuildStatus.Completed:
      return await readEnd(devOps, config, build, unread);
    case BuildStatus.None:
    case BuildStatus.All:
      return { state: "queued", sentence: "Azure DevOps does not say yet how the run stands" };
  }
}

/** Why a run has not begun: a check before its first stage, or nobody who would run it. */
async function describeQueue(
  devOps: DevOps,
  config: BuildConfig,
  build: Build,
): Promise<RunProgress> {
  const records = await readTimeline(devOps, config, build.id);
  if (isChecked(records)) return describeProgress(records);
  const pool = firstWords(build.queue?.pool?.name ?? build.queue?.name ?? "");
  const of = pool === "" ? "" : ` of the pool "${pool}"`;
  const position = build.queuePosition ?? 0;
  const place = position > 1 ? `, number ${position} in its queue` : "";
  return {
    sentence: `Waits for an agent${of}${place}${reasonOf(records)}`,
    late: "pipeline-no-agent",
  };
}

async function readEnd(
  devOps: DevOps,
  config: BuildConfig,
  build: Build,
  unread: UnreadLogs,
): Promise<RunState> {
  if (build.result === BuildResult.Succeeded)
    return { state: "succeeded", run: evidenceOf(build, config) };
  const url = runUrl(build.id, build.page, config);
  if (build.result === BuildResult.Canceled) {
    return {
      state: "failed",
      code: "pipeline-canceled",
      detail: `Run ${build.id} was canceled.`,
      url,
    };
  }
  return { ...(await readFailure(devOps, config, build, unread)), url };
}

async function readFailure(
  devOps: DevOps,
  config: BuildConfig,
  build: Build,
  unread: UnreadLogs,
): Promise<Bad> {
  const failure = findFailure(await readTimeline(devOps, config, build.id));
  const detail =
    failure?.detail ??
    refusalOf(build) ??
    `Run ${build.id} failed, and Azure DevOps does not say why.`;
  const partial =
    build.result === BuildResult.PartiallySucceeded ? "The run succeeded in part only. " : "";
  const excerpt =
    failure === undefined ? undefined : await readTail(devOps, config, build.id, failure, unread);
  if (excerpt === "unreadable")
    return {
      state: "failed",
      code: "pipeline-failed",
      detail: `${partial}${detail.replace(/[.\s]*$/, ".")} Its log could not be read.`,
    };
  return {
    state: "failed",
    code: "pipeline-failed",
    detail: `${partial}${detail}`,
    ...(excerpt === undefined ? {} : { excerpt }),
  };
}

/** Why the service did not even begin, such as a mistake in the YAML. */
function refusalOf(build: Build): string | undefined {
  const error = build.validationResults?.find(
    (one) => one.result === ValidationResult.Error,
  )?.message;
  return error === null || error === undefined ? undefined : firstWords(error);
}

/** The timeline is not there before a run has begun. */
async function readTimeline(
  devOps: DevOps,
  config: BuildConfig,
  id: number,
): Promise<readonly TimelineRecord[]> {
  const timeline = await devOps.read(timelineAnswer, ({ build }) =>
    build.getBuildTimeline(config.project, id),
  );
  return timeline?.records ?? [];
}

/**
 * How often the log of a run did not come, by the run's number. In memory: whoever comes after a restart may try as often again.
 */
export type UnreadLogs = Map<number, number>;

/** So many looks wait for a log; after that the failure is told without it. */
const mostTries = 4;

/** The end of the failing task's log; undefined where it has none. The failure is told even where that cannot be read. */
async function readTail(
  devOps: DevOps,
  config: BuildConfig,
  id: number,
  failure: RunFailure,
  unread: UnreadLogs,
): Promise<Excerpt | "unreadable" | undefined> {
  const { log } = failure;
  if (log === undefined) return undefined;
  try {
    const logs = await devOps.read(logsAnswer, ({ build }) =>
      build.getBuildLogs(config.project, id),
    );
    const count = logs?.find((one) => one.id === log)?.lineCount ?? undefined;
    if (count === undefined) return undefined;
    const start = Math.max(1, count - fetchedLines + 1);
    const lines = await devOps.read(z.array(z.string()), ({ build }) =>
      build.getBuildLogLines(config.project, id, log, start),
    );
    const tail = tailOfTask(lines ?? []);
    return tail.length === 0 ? undefined : { title: `Log of "${failure.name}"`, lines: tail };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const tries = (unread.get(id) ?? 0) + 1;
    unread.set(id, tries);
    const forGood = error.trouble === "denied" || error.trouble === "invalid";
    if (!forGood && tries < mostTries) throw error;
    unread.delete(id);
    return "unreadable";
  }
}

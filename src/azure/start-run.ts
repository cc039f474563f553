import type { RunPipelineParameters } from "azure-devops-node-api/interfaces/PipelinesInterfaces.js";
import type { BuildConfig } from "../config/config.ts";
import type { CauseCode } from "../deployment/causes.ts";
import type { RunEvidence } from "../deployment/deployment.ts";
import type { Bad, RunRequest } from "../deployment/ports.ts";
import { ServiceError } from "../deployment/service-error.ts";
import { runAnswer } from "./devops-answers.ts";
import type { DevOps } from "./devops.ts";
import { refName, runUrl } from "./run-evidence.ts";

/** Starts a run of exactly this commit, with one POST. What the service refuses as wrong is Bad: nothing was started. */
export async function startRun(
  devOps: DevOps,
  config: BuildConfig,
  request: RunRequest,
): Promise<RunEvidence | Bad> {
  try {
    const run = await devOps.start(runAnswer, (pipelines) =>
      pipelines.runPipeline(parametersOf(config, request), config.project, config.pipeline),
    );
    return {
      id: run.id,
      number: run.name ?? String(run.id),
      // Pinned by the request; what was really built is read from the build when it ends.
      commit: run.resources?.repositories?.["self"]?.version ?? request.commit,
      url: runUrl(run.id, run.page, config),
    };
  } catch (error) {
    const code = error instanceof ServiceError ? refusalOf(error) : undefined;
    if (error instanceof ServiceError && code !== undefined)
      return { state: "failed", code, detail: error.message };
    throw error;
  }
}

/**
 * What a refusal means that nothing but a person changes. One that does not name a missing permission is none: a proxy or a
 * sign-in may be in the way, and may let the next try through.
 */
function refusalOf({ effect, trouble, message }: ServiceError): CauseCode | undefined {
  if (effect !== "none") return undefined;
  if (trouble === "invalid") return "run-not-started";
  // "TF215106: Access denied. omnibot needs Queue builds permissions for build pipeline web in team project ..."
  const named =
    trouble === "denied" && /\bTF215106\b|\bneeds .{1,80} permissions?\b/i.test(message);
  return named ? "run-not-permitted" : undefined;
}

/** `version` pins the commit that was approved: a push in between changes nothing. */
export function parametersOf(
  { branch, parameters, marker }: BuildConfig,
  { key, commit }: RunRequest,
): RunPipelineParameters {
  return {
    resources: { repositories: { self: { refName: refName(branch), version: commit } } },
    templateParameters:
      marker.kind === "parameter" ? { ...parameters, [marker.name]: key } : { ...parameters },
    ...(marker.kind === "variable" ? { variables: { [marker.name]: { value: key } } } : {}),
  };
}

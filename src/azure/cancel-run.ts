import { BuildStatus } from "azure-devops-node-api/interfaces/BuildInterfaces.js";
import type { BuildConfig } from "../config/config.ts";
import { ServiceError } from "../deployment/service-error.ts";
import { buildAnswer } from "./devops-answers.ts";
import type { DevOps } from "./devops.ts";
import { readBuild } from "./read-run.ts";

/** Asks for the end of a run. Azure DevOps refuses that for one which has ended: then there is nothing to do. */
export async function cancelRun(devOps: DevOps, config: BuildConfig, id: number): Promise<void> {
  const build = await readBuild(devOps, config, id);
  if (build === undefined || build.status === BuildStatus.Completed) return;
  try {
    // May be repeated like a reading: a run that is being canceled already stays so.
    await devOps.read(buildAnswer, (apis) =>
      apis.build.updateBuild({ status: BuildStatus.Cancelling }, config.project, id),
    );
  } catch (error) {
    if (error instanceof ServiceError && error.trouble === "invalid") return;
    throw error;
  }
}

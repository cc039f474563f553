import type { BuildConfig } from "../config/config.ts";
import { ServiceError } from "../deployment/service-error.ts";
import type { RunEvidence } from "../deployment/deployment.ts";
import { webAddress } from "./address.ts";
import type { Build } from "./devops-answers.ts";

/** What a build of Azure DevOps proves. Throws ServiceError when it does not say which commit it built. */
export function evidenceOf(build: Build, config: BuildConfig): RunEvidence {
  if (
    build.sourceVersion === null ||
    build.sourceVersion === undefined ||
    build.sourceVersion === ""
  ) {
    const words = `Azure DevOps does not say which commit run ${build.id} builds`;
    throw new ServiceError("azure-devops", "unreachable", "none", words);
  }
  return {
    id: build.id,
    number: build.buildNumber ?? String(build.id),
    commit: build.sourceVersion,
    url: runUrl(build.id, build.page, config),
  };
}

/** The page of a run: the one that the service names, else the one that its address is made of. */
export function runUrl(id: number, page: string | undefined, config: BuildConfig): string {
  const organization = config.organization.replace(/\/+$/, "");
  return (
    webAddress(page) ??
    `${organization}/${encodeURIComponent(config.project)}/_build/results?buildId=${id}`
  );
}

/** Name of the branch as Git's ref, however the operator wrote it. */
export function refName(branch: string): string {
  return branch.startsWith("refs/") ? branch : `refs/heads/${branch}`;
}

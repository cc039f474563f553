import type { Environment } from "../config/config.ts";
import type { Pipelines } from "../deployment/ports.ts";
import type { DevOps } from "./devops.ts";
import { findBuild } from "./find-run.ts";
import { preflight } from "./preflight.ts";
import { readBuild, readRun, type UnreadLogs } from "./read-run.ts";
import { evidenceOf } from "./run-evidence.ts";
import { readChanges } from "./changes.ts";
import { readHead, type GithubSource } from "./source.ts";
import { cancelRun } from "./cancel-run.ts";
import { startRun } from "./start-run.ts";

export interface PipelinesOptions {
  readonly environment: Pick<Environment, "build">;
  /** The organization of its pipeline; environments share one. */
  readonly devOps: DevOps;
  /** For pipelines that build a repository on GitHub. */
  readonly github?: GithubSource;
}

/**
 * The pipeline of one environment in Azure DevOps. Runs are started through the Pipelines API, which can pin the commit;
 * everything else goes through the Build API, which alone can be searched (a run's id is its build's id).
 */
export function createPipelines({
  environment: { build: config },
  devOps,
  github,
}: PipelinesOptions): Pipelines {
  const unread: UnreadLogs = new Map();

  return {
    marked: config.marker.kind !== "none",
    readHead: () => readHead(devOps, config, github),
    startRun: (request) => startRun(devOps, config, request),
    preflight: (commit) => preflight(devOps, config, commit),
    readRun: (id) => readRun(devOps, config, id, unread),
    cancelRun: (id) => cancelRun(devOps, config, id),

    async readChanges(fromBuild, toCommit) {
      const from = (await readBuild(devOps, config, fromBuild))?.sourceVersion;
      return from ? await readChanges(devOps, config, [from, toCommit], github) : undefined;
    },

    async findRun(request, since) {
      const build = await findBuild(devOps, config, request, since);
      return build === undefined ? undefined : evidenceOf(build, config);
    },

    async readBuild(id) {
      const build = await readBuild(devOps, config, id);
      return build === undefined ? undefined : evidenceOf(build, config);
    },
  };
}

import type { Commit } from "../deployment/deployment.ts";
import type { Bad } from "../deployment/ports.ts";
import type { PipelinesOptions } from "./pipelines.ts";
import {
  configureRuns,
  mayDo,
  queueBuilds,
  readPipeline,
  stopBuilds,
  tryOut,
  type PipelineState,
} from "./preflight.ts";
import { readHead } from "./source.ts";

/** What can be found out about a pipeline without starting anything. Every method throws ServiceError. */
export interface PipelineExamination {
  /** Whether Azure DevOps knows omnibot at all. */
  signIn(): Promise<void>;
  pipeline(): Promise<PipelineState | undefined>;
  head(): Promise<Commit | Bad>;
  /** Undefined where Azure DevOps does not tell. */
  mayQueue(pipeline: PipelineState): Promise<boolean | undefined>;
  /** Whether it may say what a run's free-text parameters and variables are. */
  mayConfigure(pipeline: PipelineState): Promise<boolean | undefined>;
  mayStop(pipeline: PipelineState): Promise<boolean | undefined>;
  /** A run with the real parameters, as a preview: what Azure DevOps says against it, if anything. */
  preview(commit: string): Promise<readonly string[]>;
}

export function examinePipeline({
  environment: { build },
  devOps,
  github,
}: PipelinesOptions): PipelineExamination {
  return {
    async signIn() {
      await devOps.readIdentity();
    },
    pipeline: () => readPipeline(devOps, build),
    head: () => readHead(devOps, build, github),
    mayQueue: (pipeline) => mayDo(devOps, pipeline, queueBuilds),
    mayConfigure: (pipeline) => mayDo(devOps, pipeline, configureRuns),
    mayStop: (pipeline) => mayDo(devOps, pipeline, stopBuilds),
    preview: async (commit) => (await tryOut(devOps, build, commit)).warnings ?? [],
  };
}

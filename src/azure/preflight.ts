import { z } from "zod";
import type { BuildConfig } from "../config/config.ts";
import { runChecks, type Preflight } from "../deployment/preflight.ts";
import { ServiceError } from "../deployment/service-error.ts";
import type { DevOps } from "./devops.ts";
import { parametersOf } from "./start-run.ts";

/** Security namespace of builds, and bits of permissions in it: the same in every organization. */
const builds = "33344d9c-fc72-4d6f-aba5-fa317101a7e9";
export const queueBuilds = 128;
export const stopBuilds = 512;
/** "Edit queue build configuration": free-text parameters, and variables, of a run. */
export const configureRuns = 65_536;

const definitionAnswer = z.object({
  path: z.string().nullish(),
  /** DefinitionQueueStatus: 0 enabled, 1 paused, 2 disabled. */
  queueStatus: z.number().nullish(),
  project: z.object({ id: z.string() }),
});

const previewAnswer = z.object({ finalYaml: z.string().nullish() });
const permissionAnswer = z.object({ value: z.array(z.boolean()).min(1) });

/** What would keep this commit from being built, found out without starting anything. */
export function preflight(devOps: DevOps, config: BuildConfig, commit: string): Promise<Preflight> {
  return runChecks([
    { about: "whether omnibot may queue runs", find: () => checkRights(devOps, config) },
    {
      about: "whether the pipeline accepts such a run",
      find: () => tryOut(devOps, config, commit),
    },
  ]);
}

async function checkRights(devOps: DevOps, config: BuildConfig): Promise<Partial<Preflight>> {
  const { pipeline } = config;
  const definition = await readPipeline(devOps, config);
  if (definition === undefined) return {};
  const { held } = definition;
  const allowed = await mayDo(devOps, definition, queueBuilds);
  return {
    warnings: [
      ...(held === undefined ? [] : [`Pipeline ${pipeline} is ${held} in Azure DevOps.`]),
      ...(allowed === false
        ? [`omnibot may not queue runs of pipeline ${pipeline} (permission "Queue builds").`]
        : []),
    ],
    unchecked: allowed === undefined ? ["whether omnibot may queue runs"] : [],
  };
}

export interface PipelineState {
  /** What its permissions are asked by. */
  readonly token: string;
  /** How an administrator holds it back. */
  readonly held: "paused" | "disabled" | undefined;
}

/** The pipeline itself; undefined where there is none that omnibot sees. */
export async function readPipeline(
  devOps: DevOps,
  { project, pipeline }: BuildConfig,
): Promise<PipelineState | undefined> {
  const definition = await devOps.read(definitionAnswer, ({ build }) =>
    build.getDefinition(project, pipeline),
  );
  if (definition === undefined) return undefined;
  // `\Folder\Sub` in a definition is `/Folder/Sub` in its token.
  const folder = (definition.path ?? "").split("\\").filter((part) => part !== "");
  return {
    token: [definition.project.id, ...folder, pipeline].join("/"),
    held: ({ 1: "paused", 2: "disabled" } as const)[definition.queueStatus ?? 0],
  };
}

/** Whether omnibot has this permission on the pipeline; undefined where Azure DevOps does not tell. */
export async function mayDo(
  devOps: DevOps,
  { token }: PipelineState,
  permission: number,
): Promise<boolean | undefined> {
  const path = `_apis/permissions/${builds}/${permission}`;
  const answer = await devOps.read(permissionAnswer, (apis) =>
    apis.get(`${path}?tokens=${encodeURIComponent(token)}&api-version=7.1`),
  );
  return answer?.value[0];
}

/** The service can make the run's YAML without running it: wrong parameters show there (`preview` of the Pipelines API). */
export async function tryOut(
  devOps: DevOps,
  config: BuildConfig,
  commit: string,
): Promise<Partial<Preflight>> {
  const asked = { ...parametersOf(config, { key: "preflight", commit }), previewRun: true };
  try {
    await devOps.read(previewAnswer, ({ pipelines }) =>
      pipelines.preview(asked, config.project, config.pipeline),
    );
    return {};
  } catch (error) {
    if (!(error instanceof ServiceError) || error.trouble !== "invalid") throw error;
    return { warnings: [`The pipeline would not start: ${error.message}`] };
  }
}

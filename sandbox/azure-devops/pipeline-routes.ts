import { z } from "zod";
import type { StandInAnswer, StandInRequest } from "../stand-in.ts";
import type { AddRoute } from "./access.ts";
import { invalidRequest, invalidRun, mayNotQueue, noBuild, noPipeline } from "./errors.ts";
import { branch, definition, parameters, project, repository } from "./organization.ts";
import type { Controls } from "./controls.ts";
import type { Run } from "./run.ts";
import type { Runs } from "./runs.ts";
import type { Source } from "./source.ts";

/** RunPipelineParameters of specification pipelines 7.1, as far as this pipeline has such resources. */
const runParameters = z.object({
  previewRun: z.boolean().nullish(),
  resources: z
    .object({
      repositories: z
        .record(
          z.string(),
          z.object({ refName: z.string().nullish(), version: z.string().nullish() }),
        )
        .nullish(),
    })
    .nullish(),
  templateParameters: z.record(z.string(), z.string()).nullish(),
  variables: z
    .record(z.string(), z.object({ value: z.string().nullish(), isSecret: z.boolean().nullish() }))
    .nullish(),
});

export interface PipelineHistory {
  readonly runs: Runs;
  readonly source: Source;
  /** The runs that lists show by now. */
  listed(): readonly Run[];
  readonly controls: Controls;
}

export function addPipelineRoutes(
  add: AddRoute,
  url: () => string,
  history: PipelineHistory,
): void {
  const pipeline = "/:project/_apis/pipelines/:pipeline";

  add("GET", pipeline, (request) => {
    checkPipeline(request);
    return {
      status: 200,
      json: {
        ...pipelineRef(url()),
        configuration: { type: "yaml", path: "/azure-pipelines.yml" },
      },
    };
  });

  add("POST", `${pipeline}/preview`, (request) => {
    checkPipeline(request);
    const asked = readRequest(request, history.source);
    return { status: 200, json: { finalYaml: finalYaml(asked.parameters) } };
  });

  add("POST", `${pipeline}/runs`, (request) => {
    checkPipeline(request);
    if (!history.controls.mayQueue) throw mayNotQueue();
    const asked = readRequest(request, history.source);
    if (asked.preview) return { status: 200, json: previewOf(url(), asked.parameters) };
    return { status: 200, json: runOf(history.runs.start(asked), url()) };
  });

  add("GET", `${pipeline}/runs`, (request): StandInAnswer => {
    checkPipeline(request);
    // The list leaves the template parameters out: MicrosoftDocs/vsts-rest-api-specs#579.
    const value = history
      .listed()
      .map((run) => ({ ...runOf(run, url()), templateParameters: undefined }));
    return { status: 200, json: { count: value.length, value: value.toReversed() } };
  });

  add("GET", `${pipeline}/runs/:run`, (request) => {
    checkPipeline(request);
    const id = request.params["run"] ?? "";
    const run = history.runs.find(Number(id));
    if (run === undefined) throw noBuild(id);
    return { status: 200, json: runOf(run, url()) };
  });
}

function checkPipeline(request: StandInRequest): void {
  const id = request.params["pipeline"] ?? "";
  if (Number(id) !== definition.id) throw noPipeline(id);
}

type Asked = Parameters<Runs["start"]>[0] & { readonly preview: boolean };

function readRequest(request: StandInRequest, source: Source): Asked {
  const read = runParameters.safeParse(request.body.length === 0 ? {} : request.json());
  if (!read.success) throw invalidRequest(`Value cannot be read: ${z.prettifyError(read.error)}`);
  const { resources, templateParameters, variables, previewRun } = read.data;
  const self = resources?.repositories?.["self"];
  for (const alias of Object.keys(resources?.repositories ?? {})) {
    if (alias !== "self") throw invalidRun(`The pipeline has no repository resource '${alias}'.`);
  }
  return {
    preview: previewRun === true,
    commit: resolveCommit(source, self?.refName ?? branch, self?.version ?? undefined),
    parameters: checkParameters(templateParameters ?? {}),
    variables: Object.fromEntries(
      Object.entries(variables ?? {}).map(([name, { value, isSecret }]) => [
        name,
        { value: value ?? "", isSecret: isSecret === true },
      ]),
    ),
  };
}

function resolveCommit(source: Source, refName: string, version: string | undefined): string {
  if (refName !== branch) {
    throw invalidRun(
      `/azure-pipelines.yml: Could not get the latest source version for repository ${repository.name} hosted on Azure Repos using ref ${refName}.`,
    );
  }
  if (version === undefined || version === "") return source.head.id;
  const commit = source.find(version);
  if (commit !== undefined) return commit.id;
  throw invalidRun(
    `An error occurred while loading the YAML build pipeline. TF401175: The version descriptor <Commit: ${version} > could not be resolved to a version in the repository ${repository.name}`,
  );
}

function checkParameters(given: Readonly<Record<string, string>>): Record<string, string> {
  for (const [name, value] of Object.entries(given)) {
    const declared = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (declared === undefined)
      throw invalidRun(`/azure-pipelines.yml: Unexpected parameter '${name}'`);
    if (declared.values.length === 0 || declared.values.includes(value)) continue;
    throw invalidRun(
      `/azure-pipelines.yml: The '${name}' parameter value '${value}' is not a valid value.`,
    );
  }
  const defaults = Object.entries(parameters).map(([name, declared]) => [name, declared.default]);
  return { ...Object.fromEntries(defaults), ...given };
}

function pipelineRef(url: string): object {
  return {
    id: definition.id,
    revision: definition.revision,
    name: definition.name,
    folder: definition.path,
    url: `${url}/${project.id}/_apis/pipelines/${definition.id}?revision=${definition.revision}`,
  };
}

/** A run as the Pipelines API shows it: it knows neither "queued" nor "partially succeeded". */
function runOf(run: Run, url: string): object {
  const { id, number, commit, queuedAt } = run.request;
  const self = `${url}/${project.id}/_apis/pipelines/${definition.id}/runs/${id}`;
  const visible = Object.entries(run.request.variables).map(([name, { value, isSecret }]) => [
    name,
    isSecret ? { isSecret } : { value },
  ]);
  return {
    _links: {
      self: { href: self },
      web: { href: `${url}/${project.id}/_build/results?buildId=${id}` },
      pipeline: {
        href: `${url}/${project.id}/_apis/pipelines/${definition.id}?revision=${definition.revision}`,
      },
    },
    ...(visible.length === 0 ? {} : { variables: Object.fromEntries(visible) }),
    templateParameters: run.request.parameters,
    pipeline: pipelineRef(url),
    state:
      run.status === "completed"
        ? "completed"
        : run.status === "cancelling"
          ? "canceling"
          : "inProgress",
    ...(run.result === undefined ? {} : { result: run.result }),
    createdDate: new Date(queuedAt).toISOString(),
    ...(run.finishedAt === undefined
      ? {}
      : { finishedDate: new Date(run.finishedAt).toISOString() }),
    url: self,
    resources: {
      repositories: {
        self: {
          repository: { id: repository.id, type: "azureReposGit" },
          refName: branch,
          version: commit,
        },
      },
    },
    id,
    name: number,
  };
}

/** What the service answers instead of a run when it was asked to try only: no id, no date, the YAML. */
function previewOf(url: string, given: Readonly<Record<string, string>>): object {
  return {
    templateParameters: given,
    pipeline: pipelineRef(url),
    state: "unknown",
    createdDate: "0001-01-01T00:00:00",
    url: `${url}/${project.id}/_apis/pipelines/${definition.id}/runs/-1`,
    finalYaml: finalYaml(given),
    id: -1,
    name: null,
  };
}

function finalYaml(given: Readonly<Record<string, string>>): string {
  const declared = Object.entries(given).map(
    ([name, value]) => `- name: ${name}\n  type: string\n  default: ${JSON.stringify(value)}`,
  );
  return [
    "parameters:",
    ...declared,
    "trigger: none",
    "stages:",
    "- stage: Build",
    "- stage: Push",
    "",
  ].join("\n");
}

import { z } from "zod";
import type { StandInAnswer, StandInRequest } from "../stand-in.ts";
import type { AddRoute } from "./access.ts";
import { queryBuilds, readStatus } from "./build-query.ts";
import { finishedBuild, invalidRequest, noBuild, noDefinition } from "./errors.ts";
import type { Controls } from "./controls.ts";
import {
  branch,
  definition,
  definitionRef,
  project,
  projectRef,
  repository,
} from "./organization.ts";
import type { PipelineHistory } from "./pipeline-routes.ts";
import { readLog, type Run, type Task } from "./run.ts";
import { changeOf } from "./git-json.ts";
import { timelineOf } from "./timeline.ts";

const buildUpdate = z.object({ status: z.union([z.number(), z.string()]).nullish() });

export function addBuildRoutes(add: AddRoute, url: () => string, history: PipelineHistory): void {
  const builds = "/:project/_apis/build/builds";
  const { runs, source } = history;

  function find(id: string | undefined): Run {
    const run = runs.find(Number(id));
    if (run === undefined) throw noBuild(id ?? "");
    return run;
  }

  /** A route below one build. */
  function addBelow(
    pattern: string,
    answer: (run: Run, request: StandInRequest) => StandInAnswer,
  ): void {
    add("GET", `${builds}/:build${pattern}`, (request) =>
      answer(find(request.params["build"]), request),
    );
  }

  add("GET", builds, (request) => {
    const found = queryBuilds(history.listed(), request.query);
    return list(found.map((run) => buildOf(run, url(), history.controls)));
  });

  addBelow("", (run) => ({ status: 200, json: buildOf(run, url(), history.controls) }));

  add("PATCH", `${builds}/:build`, (request) => {
    const run = find(request.params["build"]);
    const update = buildUpdate.safeParse(request.json());
    if (!update.success) throw invalidRequest("Value cannot be read. Parameter name: build");
    const status = readStatus(String(update.data.status ?? ""));
    if (status === "cancelling") {
      if (run.status === "completed") throw finishedBuild(run.request.id);
      run.cancel();
    }
    return { status: 200, json: buildOf(run, url(), history.controls) };
  });

  addBelow("/timeline", (run) => ({
    status: 200,
    json: timelineOf(run, buildUrl(run, url()), history.controls),
  }));

  addBelow("/logs", (run) => list(finished(run).map((task) => logOf(run, task, url()))));

  addBelow("/logs/:log", (run, request) => {
    const task = finished(run).find(({ logId }) => logId === Number(request.params["log"]));
    if (task === undefined)
      return { status: 404, json: { message: `Log ${request.params["log"] ?? ""} not found.` } };
    const lines = cut(readLog(run, task), request.query);
    if (request.headers.accept?.startsWith("application/json") === true) return list(lines);
    return {
      status: 200,
      headers: { "content-type": "text/plain" },
      body: `${lines.join("\r\n")}\r\n`,
    };
  });

  addBelow("/changes", (run, request) => {
    const before = runs.all.findLast((one) => one.request.id < run.request.id);
    return list(changes(before?.request.commit, run.request.commit, request));
  });

  add("GET", "/:project/_apis/build/changes", (request) => {
    const from = find(request.query.get("fromBuildId") ?? undefined);
    const to = find(request.query.get("toBuildId") ?? undefined);
    return list(changes(from.request.commit, to.request.commit, request));
  });

  add("GET", "/:project/_apis/build/definitions", () => list([definitionRef(url())]));

  add("GET", "/:project/_apis/build/definitions/:definition", (request) => {
    const id = request.params["definition"] ?? "";
    if (Number(id) !== definition.id) throw noDefinition(id);
    return { status: 200, json: definitionOf(url(), history.controls) };
  });

  function changes(from: string | undefined, to: string, request: StandInRequest): object[] {
    const top = Number(request.query.get("$top") ?? 50);
    return source
      .between(from, to)
      .slice(0, top)
      .map((commit) => changeOf(commit, url()));
  }
}

function list(value: readonly unknown[]): StandInAnswer {
  return { status: 200, json: { count: value.length, value } };
}

function finished(run: Run): Task[] {
  return run.tasks.filter((task) => task.finishedAt !== undefined);
}

/** Lines are counted from 1, and the last one asked for belongs to the answer. */
function cut(lines: readonly string[], query: URLSearchParams): readonly string[] {
  const start = Math.max(1, Number(query.get("startLine") ?? 1));
  const end = Number(query.get("endLine") ?? lines.length);
  return lines.slice(start - 1, end);
}

function buildUrl(run: Run, url: string): string {
  return `${url}/${project.id}/_apis/build/Builds/${run.request.id}`;
}

function logOf(run: Run, task: Task, url: string): object {
  const at = (time: number | undefined) => new Date(time ?? 0).toISOString();
  return {
    lineCount: readLog(run, task).length,
    createdOn: at(task.startedAt),
    lastChangedOn: at(task.finishedAt),
    id: task.logId,
    type: "Container",
    url: `${buildUrl(run, url)}/logs/${task.logId}`,
  };
}

function buildOf(run: Run, url: string, controls: Controls): object {
  const { id, number, commit, parameters, variables, requestedFor, queuedAt } = run.request;
  const at = (name: string, time: number | undefined) =>
    time === undefined ? {} : { [name]: new Date(time).toISOString() };
  const ended = run.status === "completed";
  const plain = Object.entries(variables).filter(([, { isSecret }]) => !isSecret);
  return {
    _links: {
      self: { href: buildUrl(run, url) },
      web: { href: `${url}/${project.id}/_build/results?buildId=${id}` },
      timeline: { href: `${buildUrl(run, url)}/Timeline` },
    },
    properties: {},
    tags: [],
    validationResults: [],
    plans: [],
    triggerInfo: {},
    id,
    buildNumber: (ended ? controls.number : undefined) ?? number,
    status: run.status,
    ...(run.result === undefined ? {} : { result: run.result }),
    queueTime: new Date(queuedAt).toISOString(),
    ...at("startTime", run.startedAt),
    ...at("finishTime", run.finishedAt),
    url: buildUrl(run, url),
    definition: definitionRef(url),
    project: projectRef(url),
    uri: `vstfs:///Build/Build/${id}`,
    sourceBranch: branch,
    sourceVersion: (ended ? controls.commit : undefined) ?? commit,
    queue: {
      id: 9,
      name: "Azure Pipelines",
      pool: { id: 9, name: "Azure Pipelines", isHosted: true },
    },
    priority: "normal",
    reason: "manual",
    requestedFor,
    requestedBy: requestedFor,
    lastChangedDate: new Date(run.finishedAt ?? run.startedAt ?? queuedAt).toISOString(),
    lastChangedBy: requestedFor,
    ...(plain.length === 0
      ? {}
      : {
          parameters: JSON.stringify(
            Object.fromEntries(plain.map(([name, { value }]) => [name, value])),
          ),
        }),
    templateParameters: parameters,
    logs: { id: 0, type: "Container", url: `${buildUrl(run, url)}/logs` },
    repository: sourceRepository(url),
    retainedByRelease: false,
    triggeredByBuild: null,
    appendCommitMessageToRunName: true,
  };
}

function sourceRepository(url: string): object {
  return {
    id: repository.id,
    type: "TfsGit",
    name: repository.name,
    url: `${url}/${project.name}/_git/${repository.name}`,
    clean: null,
    checkoutSubmodules: false,
  };
}

function definitionOf(url: string, { queueStatus }: Controls): object {
  return {
    ...definitionRef(url),
    queueStatus,
    buildNumberFormat: "$(Date:yyyyMMdd).$(Rev:r)",
    jobAuthorizationScope: "project",
    process: { yamlFilename: "/azure-pipelines.yml", type: 2 },
    repository: { ...sourceRepository(url), defaultBranch: branch },
    variables: {},
    triggers: [],
    quality: "definition",
  };
}

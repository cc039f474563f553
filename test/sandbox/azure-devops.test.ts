import { setTimeout as delay } from "node:timers/promises";
import { getBearerHandler, getPersonalAccessTokenHandler, WebApi } from "azure-devops-node-api";
import type { IBuildApi } from "azure-devops-node-api/BuildApi.js";
import type { IGitApi } from "azure-devops-node-api/GitApi.js";
import {
  BuildQueryOrder,
  BuildStatus,
  type Build,
  type TimelineRecord,
} from "azure-devops-node-api/interfaces/BuildInterfaces.js";
import { GitVersionType } from "azure-devops-node-api/interfaces/GitInterfaces.js";
import type { RunPipelineParameters } from "azure-devops-node-api/interfaces/PipelinesInterfaces.js";
import type { IPipelinesApi } from "azure-devops-node-api/PipelinesApi.js";
import {
  startAzureDevOps,
  type AzureDevOps,
  type AzureDevOpsOptions,
} from "../../sandbox/azure-devops/azure-devops.ts";
import type { Scenario } from "../../sandbox/scenario.ts";

const project = "OmniSpatial";
const succeeded = 2;
const failed = 8;
const canceled = 32;

interface Clients {
  readonly pipelines: IPipelinesApi;
  readonly build: IBuildApi;
  readonly git: IGitApi;
}

describe("Azure DevOps", () => {
  let service: AzureDevOps;
  let clients: Clients;
  let scenario: Scenario;
  const pushed: {
    tag: string;
    scenario: Scenario;
    commit: string;
    stagesThen: string;
  }[] = [];

  beforeEach(async () => {
    scenario = "success";
    pushed.length = 0;
    await start({});
  });

  afterEach(() => service.close());

  test("runs the pipeline at the commit that was asked, stage by stage, and pushes the image before it is completed", async () => {
    const [newest, older] = await clients.git.getCommits("web", {}, project);
    const commit = String(older?.commitId);
    const run = await clients.pipelines.runPipeline(parametersOf("d-1", commit), project, 12);
    expect(run).toMatchObject({
      id: 40672,
      resources: { repositories: { self: { refName: "refs/heads/main", version: commit } } },
      templateParameters: { environment: "production", omnibotDeploymentId: "d-1" },
    });
    expect(newest?.commitId).not.toBe(commit);
    await ended(40672);
    // By the times, which a busy machine cannot miss.
    const [build, push, ...more] = (await readRecords(40672)).filter(
      ({ type }) => type === "Stage",
    );
    expect(more).toEqual([]);
    expect([build, push]).toMatchObject([{ name: "Build" }, { name: "Push" }]);
    expect(build?.startTime?.getTime()).toBeLessThan(Number(build?.finishTime));
    expect(push?.startTime?.getTime()).toBeGreaterThanOrEqual(Number(build?.finishTime));
    expect(push?.startTime?.getTime()).toBeLessThan(Number(push?.finishTime));
    expect(await clients.build.getBuild(project, 40672)).toMatchObject({
      result: succeeded,
      sourceVersion: commit,
      sourceBranch: "refs/heads/main",
      buildNumber: run.name,
      queueTime: expect.any(Date),
      startTime: expect.any(Date),
      finishTime: expect.any(Date),
      requestedFor: { displayName: "omnibot" },
      repository: { type: "TfsGit", name: "web" },
      _links: { web: { href: expect.stringContaining("buildId=40672") } },
    });
    expect(pushed).toEqual([
      {
        tag: "production-40672",
        scenario: "success",
        commit,
        stagesThen: "InProgress: Build Completed, Push InProgress",
      },
    ]);
    expect(await clients.pipelines.getRun(project, 12, 40672)).toMatchObject({
      state: 4,
      result: 1,
    });
    expect(service.runs).toMatchObject([{ id: 40672, marker: "d-1", commit, result: "succeeded" }]);
  });

  test("shows the failing task, its issues and its log in `build-fails`", async () => {
    scenario = "build-fails";
    await clients.pipelines.runPipeline(parametersOf("d-1"), project, 12);
    await ended(40672);
    expect(await clients.build.getBuild(project, 40672)).toMatchObject({ result: failed });
    const records = await readRecords(40672);
    const broken = records.find(({ type, result }) => type === "Task" && result === 2);
    expect(broken).toMatchObject({
      name: "Unit tests",
      errorCount: 2,
      issues: [{ type: 1, message: "1 of 214 tests failed" }, {}],
    });
    expect(
      records.filter(({ type }) => type === "Stage").map(({ name, result }) => [name, result]),
    ).toEqual([
      ["Build", 2],
      ["Push", 4],
    ]);
    const job = records.find(({ id }) => id === broken?.parentId);
    const phase = records.find(({ id }) => id === job?.parentId);
    expect([
      job?.type,
      phase?.type,
      records.find(({ id }) => id === phase?.parentId)?.type,
    ]).toEqual(["Job", "Phase", "Stage"]);
    const logs = await clients.build.getBuildLogs(project, 40672);
    const log = logs.find(({ id }) => id === broken?.log?.id);
    const count = log?.lineCount ?? 0;
    const tail = await clients.build.getBuildLogLines(
      project,
      40672,
      log?.id ?? 0,
      count - 9,
      count,
    );
    expect(tail).toHaveLength(10);
    expect(tail.at(-1)).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z ##\[section\]Finishing: Unit tests$/);
    expect(tail.at(-2)).toContain("##[error]Bash exited with code '1'.");
    expect(pushed).toEqual([]);
  });

  test("pushes nothing in `image-missing`, and succeeds all the same", async () => {
    scenario = "image-missing";
    await clients.pipelines.runPipeline(parametersOf("d-1"), project, 12);
    await ended(40672);
    expect(await clients.build.getBuild(project, 40672)).toMatchObject({ result: succeeded });
    expect(pushed).toEqual([]);
  });

  test("takes five times as long in `slow`", async () => {
    await service.close();
    scenario = "slow";
    await start({ speed: 200 });
    const started = Date.now();
    await clients.pipelines.runPipeline(parametersOf("d-1"), project, 12);
    await ended(40672);
    expect(Date.now() - started).toBeGreaterThan(280);
  });

  test("refuses a parameter that the YAML does not declare, a branch and a commit that do not exist, and starts nothing", async () => {
    const run = (parameters: RunPipelineParameters) =>
      clients.pipelines.runPipeline(parameters, project, 12);
    await expect(run({ templateParameters: { surprise: "1" } })).rejects.toMatchObject({
      statusCode: 400,
      message: "/azure-pipelines.yml: Unexpected parameter 'surprise'",
      result: { typeKey: "PipelineValidationException" },
    });
    const self = (resource: object) => ({ resources: { repositories: { self: resource } } });
    await expect(run(self({ refName: "refs/heads/gone" }))).rejects.toMatchObject({
      statusCode: 400,
    });
    await expect(run(self({ version: "0".repeat(40) }))).rejects.toMatchObject({
      statusCode: 400,
    });
    expect(service.runs).toEqual([]);
  });

  test("answers a request without a good token with its sign-in page, which the client takes for nothing", async () => {
    const stranger = await connect("nobody");
    expect(await stranger.pipelines.runPipeline(parametersOf("d-1"), project, 12)).toBeNull();
    expect(await stranger.build.getBuild(project, 40655)).toBeNull();
    await expect(stranger.build.updateBuild({}, project, 40655)).rejects.toMatchObject({
      statusCode: 401,
    });
    const page = await fetch(`${service.url}/${project}/_apis/build/builds`);
    expect([page.status, page.headers.get("content-type")]).toEqual([
      203,
      "text/html; charset=utf-8",
    ]);
    expect(service.runs).toEqual([]);
  });

  test("accepts an Entra token for Azure DevOps alone", async () => {
    await service.close();
    const azureDevOps = "499b84ac-1321-427f-aa17-267ca6975798";
    await start({
      identity: { accepts: (token, audience) => token === "entra" && audience === azureDevOps },
    });
    const read = async (token: string) => {
      const api = await new WebApi(service.url, getBearerHandler(token)).getBuildApi();
      return (await api.getBuild(project, 40655))?.id;
    };
    expect(await read("entra")).toBe(40655);
    expect(await read("forged")).toBeUndefined();
  });

  test("knows the builds that were there before", async () => {
    const builds = await listBuilds({});
    expect(builds.map(({ id, result }) => [id, result])).toEqual([
      [40655, succeeded],
      [40641, succeeded],
      [40612, succeeded],
    ]);
    expect(builds.map(({ id, sourceVersion }) => [id, sourceVersion])).toEqual(
      service.earlierBuilds.map(({ id, commit }) => [id, commit]).toReversed(),
    );
    expect((await readRecords(40612)).every(({ state }) => state === 2)).toBe(true);
    expect(await clients.build.getBuild(project, 1)).toBeNull();
  });

  test("lists builds by who, when, branch and state, in the order that was asked", async () => {
    await clients.pipelines.runPipeline(parametersOf("d-1"), project, 12);
    const builds = await listBuilds({ top: 1 });
    expect(builds[0]).toMatchObject({
      id: 40672,
      templateParameters: { omnibotDeploymentId: "d-1" },
    });
    expect(builds).toHaveLength(1);
    const ids = async (filter: Filter) => (await listBuilds(filter)).map(({ id }) => id);
    expect(await ids({ minTime: new Date(Date.now() - 60_000) })).toEqual([40672]);
    expect(await ids({ status: BuildStatus.Completed })).toEqual([40655, 40641, 40612]);
    expect(await ids({ requestedFor: "Megan Bowen" })).toEqual([40655]);
    expect(await ids({ requestedFor: String(builds[0]?.requestedFor?.id) })).toEqual([40672]);
    expect(await ids({ branch: "refs/heads/other" })).toEqual([]);
    expect(await ids({ definition: 13 })).toEqual([]);
    expect(await ids({ order: BuildQueryOrder.QueueTimeAscending, top: 2 })).toEqual([
      40612, 40641,
    ]);
  });

  test("hides a new run from its lists as long as the lag lasts, but not from those who know its id", async () => {
    await service.close();
    await start({ listLag: 300 });
    await clients.pipelines.runPipeline(parametersOf("d-1"), project, 12);
    expect((await listBuilds({})).map(({ id }) => id)).not.toContain(40672);
    expect(await clients.build.getBuild(project, 40672)).toMatchObject({ id: 40672 });
    while ((await listBuilds({ top: 1 }))[0]?.id !== 40672) await delay(10);
  });

  test("stops a run that is cancelled, and pushes nothing", async () => {
    await clients.pipelines.runPipeline(parametersOf("d-1"), project, 12);
    const answer = await clients.build.updateBuild(
      { status: BuildStatus.Cancelling },
      project,
      40672,
    );
    expect(answer.status).toBe(BuildStatus.Cancelling);
    await ended(40672);
    expect(await clients.build.getBuild(project, 40672)).toMatchObject({ result: canceled });
    expect(pushed).toEqual([]);
    await expect(clients.build.updateBuild({ status: 4 }, project, 40672)).rejects.toMatchObject({
      statusCode: 400,
    });
  });

  test("carries a queue-time variable as the marker, and keeps a secret one to itself", async () => {
    const variables = {
      omnibotDeploymentId: { value: "d-7" },
      password: { value: "hush", isSecret: true },
    };
    await clients.pipelines.runPipeline({ variables }, project, 12);
    const build = await clients.build.getBuild(project, 40672);
    expect(JSON.parse(build.parameters ?? "")).toEqual({ omnibotDeploymentId: "d-7" });
    expect(service.runs[0]?.marker).toBe("d-7");
  });

  test("tries a run without starting it", async () => {
    const preview = await clients.pipelines.preview(parametersOf("d-1"), project, 12);
    expect(preview.finalYaml).toContain("omnibotDeploymentId");
    expect(await clients.pipelines.runPipeline({ previewRun: true }, project, 12)).toMatchObject({
      id: -1,
    });
    expect(service.runs).toEqual([]);
  });

  test("says what ships between two builds, and between a build and the head of the branch", async () => {
    const between = await clients.build.getChangesBetweenBuilds(project, 40612, 40641);
    expect(between.map(({ message }) => message)).toEqual([
      "Merged PR 1282: Keep the map's position in the address",
      "Merged PR 1280: Fix the legend of stacked layers\n\nRelated work items: #4412",
      "Merged PR 1279: Export a selection as GeoPackage",
    ]);
    expect(await clients.build.getBuildChanges(project, 40641)).toEqual(between);
    const live = await clients.build.getBuild(project, 40655);
    const since = await clients.git.getCommits(
      "web",
      {
        itemVersion: { version: String(live.sourceVersion), versionType: GitVersionType.Commit },
        compareVersion: { version: "main", versionType: GitVersionType.Branch },
      },
      project,
    );
    expect(since.map(({ author }) => author?.name)).toEqual([
      "Diego Siciliani",
      "Adele Vance",
      "Lee Gu",
    ]);
    const batch = {
      fromCommitId: String(live.sourceVersion),
      toCommitId: String(since[1]?.commitId),
    };
    expect(
      (await clients.git.getCommitsBatch(batch, "web", project)).map(({ commitId }) => commitId),
    ).toEqual([since[1]?.commitId, since[2]?.commitId]);
  });

  test("knows the pipeline's repository, its branch and its commits, and takes new ones", async () => {
    const definition = await clients.build.getDefinition(project, 12);
    expect(definition.repository).toMatchObject({ type: "TfsGit", name: "web" });
    const id = String(definition.repository?.id);
    const commits = `${new URL(service.url).origin}/_sandbox/commits`;
    const body = JSON.stringify({
      message: "Merged PR 1290: Zoom to a shared place",
      author: "alex",
    });
    const { id: commit } = (await (await fetch(commits, { method: "POST", body })).json()) as {
      id: string;
    };
    const branch = await clients.git.getBranch(id, "main", project);
    expect(branch.commit).toMatchObject({ commitId: commit, author: { name: "Alex Wilber" } });
    const [ref, ...others] = await clients.git.getRefs(id, project, "heads/main");
    expect([ref?.name, ref?.objectId, others]).toEqual(["refs/heads/main", commit, []]);
    expect(await clients.git.getCommit(commit, id, project)).toMatchObject({
      parents: [expect.any(String)],
    });
    expect(await clients.git.getBranch(id, "other", project)).toBeNull();
    const run = await clients.pipelines.runPipeline({}, project, 12);
    expect(run.resources?.repositories?.["self"]?.version).toBe(commit);
  });

  test("loses an answer after its effect, when told to", async () => {
    await fetch(`${new URL(service.url).origin}/_sandbox/faults`, {
      method: "POST",
      body: JSON.stringify({ method: "POST", path: "/runs$", reset: "after" }),
    });
    await expect(clients.pipelines.runPipeline(parametersOf("d-1"), project, 12)).rejects.toThrow(
      "socket hang up",
    );
    expect(service.runs).toMatchObject([{ id: 40672, marker: "d-1" }]);
    expect((await listBuilds({}))[0]?.templateParameters).toMatchObject({
      omnibotDeploymentId: "d-1",
    });
    await clients.pipelines.runPipeline(parametersOf("d-2"), project, 12);
    expect(service.runs.map(({ id }) => id)).toEqual([40672, 40677]);
  });

  async function start(options: Partial<AzureDevOpsOptions>): Promise<void> {
    service = await startAzureDevOps({
      speed: 20,
      scenario: () => scenario,
      async push(tag, content) {
        pushed.push({ tag, ...content, stagesThen: await stagesOf(Number(tag.split("-").at(-1))) });
      },
      ...options,
    });
    clients = await connect("sandbox-pat");
  }

  async function connect(token: string): Promise<Clients> {
    const web = new WebApi(service.url, getPersonalAccessTokenHandler(token));
    return {
      pipelines: await web.getPipelinesApi(),
      build: await web.getBuildApi(),
      git: await web.getGitApi(),
    };
  }

  /** Looks at a run until it is completed. */
  async function ended(id: number): Promise<void> {
    while ((await clients.build.getBuild(project, id)).status !== BuildStatus.Completed)
      await delay(3);
  }

  /** How a run and its stages are just now. */
  async function stagesOf(id: number): Promise<string> {
    const status = (await clients.build.getBuild(project, id)).status ?? 0;
    const stages = (await readRecords(id)).filter(({ type }) => type === "Stage");
    const states = stages.map(
      ({ name, state }) => `${name} ${["Pending", "InProgress", "Completed"][state ?? 0]}`,
    );
    return `${BuildStatus[status]}: ${states.join(", ")}`;
  }

  async function readRecords(id: number): Promise<TimelineRecord[]> {
    return (await clients.build.getBuildTimeline(project, id)).records ?? [];
  }

  interface Filter {
    readonly definition?: number;
    readonly minTime?: Date;
    readonly requestedFor?: string;
    readonly status?: BuildStatus;
    readonly top?: number;
    readonly order?: BuildQueryOrder;
    readonly branch?: string;
  }

  /** The client's list of positional filters, by name. */
  function listBuilds(filter: Filter): Promise<Build[]> {
    const { definition = 12, minTime, requestedFor, status, top = 50, branch } = filter;
    const order = filter.order ?? BuildQueryOrder.QueueTimeDescending;
    const none = undefined;
    return clients.build.getBuilds(
      project,
      [definition],
      none,
      none,
      minTime,
      none,
      requestedFor,
      none,
      status,
      none,
      none,
      none,
      top,
      none,
      none,
      none,
      order,
      branch,
    );
  }

  function parametersOf(key: string, version?: string): RunPipelineParameters {
    const self = { refName: "refs/heads/main", ...(version === undefined ? {} : { version }) };
    return {
      resources: { repositories: { self } },
      templateParameters: { environment: "production", omnibotDeploymentId: key },
    };
  }
});

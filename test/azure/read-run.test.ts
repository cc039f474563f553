import { troubleOf } from "../trouble.ts";
import {
  buildJson,
  commit,
  host,
  pipelines,
  project,
  serveDevOps,
  serveIdentity,
  serveSignInPage,
} from "./devops-service.ts";
import { nock } from "../without-network.ts";

const url = "https://dev.azure.com/omnispatial/OmniSpatial/_build/results?buildId=40672";

serveDevOps();

function serveBuild(fields: Record<string, unknown>): void {
  nock(host).get(`${project}/build/builds/40672`).reply(200, buildJson(fields));
}

function serveTimeline(...records: readonly Record<string, unknown>[]): void {
  nock(host).get(`${project}/build/builds/40672/timeline`).reply(200, { records });
}

const stages = [
  { id: "s1", type: "Stage", name: "Test", order: 1, state: "completed", result: "succeeded" },
  { id: "s2", type: "Stage", name: "Image", order: 2, state: "inProgress" },
  { id: "s3", type: "Stage", name: "Report", order: 3, state: "pending" },
];

const failedTask = {
  id: "t2",
  type: "Task",
  name: "Push image",
  state: "completed",
  result: "failed",
  finishTime: "2026-11-25T12:03:00Z",
  issues: [
    { type: "warning", message: "deprecated" },
    { type: "error", message: "denied: requested access\n to the resource is denied" },
  ],
  log: { id: 9 },
};

describe("following a run", () => {
  test.each([
    ["postponed", "queued", "Azure DevOps has postponed the run"],
    ["cancelling", "running", "Azure DevOps is canceling the run"],
  ])("a run that is %s is %s", async (status, state, sentence) => {
    serveBuild({ status });
    expect(await pipelines().readRun(40672)).toEqual({ state, sentence });
  });

  const noAgent = { state: "queued", late: "pipeline-no-agent" };

  test("a run that has not begun waits for an agent", async () => {
    serveBuild({ status: "notStarted" });
    serveTimeline();
    expect(await pipelines().readRun(40672)).toEqual({
      ...noAgent,
      sentence: "Waits for an agent",
    });
  });

  test("of a queue the pool, the place in it, and why no agent comes are told", async () => {
    const pool = { name: "Default", pool: { name: "Build machines" } };
    serveBuild({ status: "notStarted", queue: pool, queuePosition: 3 });
    const message = "No agents in pool Build machines are\ncurrently able to service this request.";
    serveTimeline({
      id: "j1",
      type: "Job",
      state: "pending",
      issues: [{ type: "warning", message }],
    });
    expect(await pipelines().readRun(40672)).toEqual({
      ...noAgent,
      sentence:
        'Waits for an agent of the pool "Build machines", number 3 in its queue: No agents in pool Build machines are currently able to service this request.',
    });
  });

  test("a later stage whose job no agent has taken waits for one", async () => {
    serveBuild({ status: "inProgress" });
    serveTimeline(
      ...stages,
      { id: "p2", parentId: "s2", type: "Phase", state: "pending" },
      { id: "j2", parentId: "p2", type: "Job", name: "Job", state: "pending" },
    );
    expect(await pipelines().readRun(40672)).toEqual({
      state: "running",
      sentence: "Stage 2 of 3: Image, waits for an agent",
      late: "pipeline-no-agent",
    });
  });

  test.each([
    ["Checkpoint.Approval", "an approval"],
    ["Checkpoint.Authorization", "the permission to use a resource, to be given"],
    ["Checkpoint.TaskCheck", "an approval or a check"],
  ])(
    "a check of type %s before the first stage is told as what is waited for",
    async (type, what) => {
      serveBuild({ status: "notStarted" });
      serveTimeline(
        { id: "s1", type: "Stage", name: "Deploy", order: 1, state: "pending" },
        { id: "c1", parentId: "s1", type: "Checkpoint", state: "inProgress" },
        { id: "a1", parentId: "c1", type, state: "inProgress" },
        { id: "j1", parentId: "s1", type: "Job", state: "pending" },
      );
      expect(await pipelines().readRun(40672)).toEqual({
        state: "queued",
        sentence: `Stage 1 of 1: Deploy, waits for ${what} in Azure DevOps`,
        late: "pipeline-not-approved",
      });
    },
  );

  test("a running run says which of its stages it is in", async () => {
    serveBuild({ status: "inProgress" });
    serveTimeline(...stages);
    expect(await pipelines().readRun(40672)).toEqual({
      state: "running",
      sentence: "Stage 2 of 3: Image",
    });
  });

  test("a run without a timeline yet is running all the same", async () => {
    serveBuild({ status: "inProgress" });
    nock(host).get(`${project}/build/builds/40672/timeline`).reply(204);
    serveIdentity();
    expect(await pipelines().readRun(40672)).toEqual({ state: "running", sentence: "Running" });
  });

  test("P7 a run that succeeded says which commit it built, and its number as it is at the end", async () => {
    serveBuild({ status: "completed", result: "succeeded", buildNumber: "2.48.0" });
    expect(await pipelines().readRun(40672)).toEqual({
      state: "succeeded",
      run: { id: 40672, number: "2.48.0", commit, url },
    });
  });

  test("P7 a run that succeeded without saying what it built proves nothing", async () => {
    serveBuild({ status: "completed", result: "succeeded", sourceVersion: null });
    expect(await troubleOf(pipelines().readRun(40672))).toMatchObject({
      trouble: "unreachable",
      effect: "none",
    });
  });

  test("a canceled run is canceled", async () => {
    serveBuild({ status: "completed", result: "canceled" });
    expect(await pipelines().readRun(40672)).toEqual({
      state: "failed",
      code: "pipeline-canceled",
      detail: "Run 40672 was canceled.",
      url,
    });
  });

  test("P7 a run of another pipeline is not this run", async () => {
    serveBuild({ status: "completed", result: "succeeded", definition: { id: 13 } });
    expect(await troubleOf(pipelines().readRun(40672))).toMatchObject({ trouble: "invalid" });
  });
});

describe("a run that failed", () => {
  beforeEach(() => serveBuild({ status: "completed", result: "failed" }));

  test("names the task, its first error, and the end of its log", async () => {
    serveTimeline(...stages, failedTask);
    nock(host)
      .get(`${project}/build/builds/40672/logs`)
      .reply(200, {
        value: [
          { id: 8, lineCount: 3 },
          { id: 9, lineCount: 500 },
        ],
      });
    const lines = [
      "2026-11-25T12:02:59.1234567Z pushing",
      "2026-11-25T12:03:00.1234567Z ##[error]denied",
    ];
    nock(host)
      .get(`${project}/build/builds/40672/logs/9?startLine=421`)
      .reply(200, { count: 2, value: lines });

    expect(await pipelines().readRun(40672)).toEqual({
      state: "failed",
      code: "pipeline-failed",
      detail: 'Task "Push image" failed: denied: requested access to the resource is denied',
      excerpt: { title: 'Log of "Push image"', lines: ["pushing", "denied"] },
      url,
    });
  });

  test("is told without a log that may not be read", async () => {
    serveTimeline(failedTask);
    nock(host).get(`${project}/build/builds/40672/logs`).reply(403, { message: "no" });
    const run = await pipelines().readRun(40672);
    expect(run).toMatchObject({ state: "failed", code: "pipeline-failed" });
    expect(run).toMatchObject({
      detail: expect.stringMatching(/denied\. Its log could not be read\.$/),
    });
    expect(run).not.toHaveProperty("excerpt");
  });

  test("is told without its log where that does not come for good", async () => {
    const azure = pipelines();
    for (let looks = 1; looks <= 3; looks += 1) {
      serveTimeline(failedTask);
      nock(host).get(`${project}/build/builds/40672/logs`).reply(503, "");
      expect(await troubleOf(azure.readRun(40672))).toMatchObject({ trouble: "unreachable" });
      serveBuild({ status: "completed", result: "failed" });
    }
    serveTimeline(failedTask);
    nock(host).get(`${project}/build/builds/40672/logs`).reply(503, "");
    expect(await azure.readRun(40672)).toMatchObject({
      code: "pipeline-failed",
      detail: expect.stringContaining("Its log could not be read."),
    });
  });

  test("is told later with its log where the log did not come", async () => {
    serveTimeline(failedTask);
    nock(host).get(`${project}/build/builds/40672/logs`).reply(503, "");
    expect(await troubleOf(pipelines().readRun(40672))).toMatchObject({ trouble: "unreachable" });
  });

  test("is told where nothing says why", async () => {
    nock(host).get(`${project}/build/builds/40672/timeline`).reply(404, { message: "no timeline" });
    serveIdentity();
    expect(await pipelines().readRun(40672)).toEqual({
      state: "failed",
      code: "pipeline-failed",
      detail: "Run 40672 failed, and Azure DevOps does not say why.",
      url,
    });
  });
});

test("a run that did not even begin says why", async () => {
  const validationResults = [
    { result: "warning", message: "old image" },
    { result: "error", message: "The pipeline is not valid: no pool" },
  ];
  serveBuild({ status: "completed", result: "failed", validationResults });
  serveTimeline();
  expect(await pipelines().readRun(40672)).toMatchObject({
    detail: "The pipeline is not valid: no pool",
  });
});

test("a run that succeeded in part only counts as failed", async () => {
  serveBuild({ status: "completed", result: "partiallySucceeded" });
  const lenient = { ...failedTask, result: "succeededWithIssues", log: null };
  serveTimeline(...stages, lenient);
  expect(await pipelines().readRun(40672)).toMatchObject({
    state: "failed",
    code: "pipeline-failed",
    detail:
      'The run succeeded in part only. Task "Push image" had an error: denied: requested access to the resource is denied',
  });
});

describe("reading a build", () => {
  test("a build of the pipeline is told", async () => {
    serveBuild({ status: "completed", result: "succeeded", _links: null });
    expect(await pipelines().readBuild(40672)).toEqual({
      id: 40672,
      number: "20261125.3",
      commit,
      url,
    });
  });

  test("a build of another pipeline is none", async () => {
    serveBuild({ definition: { id: 13 } });
    expect(await pipelines().readBuild(40672)).toBeUndefined();
  });

  test("a build that is not there is none", async () => {
    nock(host).get(`${project}/build/builds/40672`).reply(404, { message: "not found" });
    serveIdentity();
    expect(await pipelines().readBuild(40672)).toBeUndefined();
  });

  test("a sign-in page does not mean that there is no build", async () => {
    nock(host).get(`${project}/build/builds/40672`).reply(203, "<html>Sign In</html>");
    serveSignInPage();
    expect(await troubleOf(pipelines().readBuild(40672))).toMatchObject({
      trouble: "denied",
      effect: "none",
    });
  });

  test.each([
    ["the half of an answer", 200, '{"id":40672,"defi'],
    ["an empty answer", 200, ""],
    ["a page of somebody in between", 404, "<html>404 page not found</html>"],
  ])("%s does not mean that there is none", async (_, status, body) => {
    nock(host).get(`${project}/build/builds/40672`).reply(status, body);
    expect(await troubleOf(pipelines().readBuild(40672))).toMatchObject({
      trouble: "unreachable",
      effect: "none",
    });
  });

  test("patience that is asked for before anything else is given", async () => {
    nock.cleanAll();
    let asked = 0;
    nock(host)
      .persist()
      .options("/omnispatial/_apis/Location")
      .reply(() => {
        asked += 1;
        return [503, "<html>busy</html>", { "retry-after": "6" }];
      });
    expect(await troubleOf(pipelines().readBuild(40672))).toMatchObject({
      trouble: "throttled",
      retryAfter: 6000,
    });
    expect(asked).toBe(1);
  });

  test("nobody in particular is not signed in", async () => {
    nock(host).get(`${project}/build/builds/40672`).reply(404, { message: "VS800075" });
    nock(host)
      .get("/omnispatial/_apis/connectionData")
      .reply(200, { authenticatedUser: { id: "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa" } });
    expect(await troubleOf(pipelines().readBuild(40672))).toMatchObject({ trouble: "denied" });
  });

  test("an answer that is no build is no answer", async () => {
    nock(host).get(`${project}/build/builds/40672`).reply(200, { id: "forty" });
    expect(await troubleOf(pipelines().readBuild(40672))).toMatchObject({
      trouble: "unreachable",
      message: "Azure DevOps gave an answer that omnibot does not understand (id)",
    });
  });

  test("a link that is no page is not passed on", async () => {
    serveBuild({ _links: { web: { href: "javascript:alert(1)" } } });
    expect(await pipelines().readBuild(40672)).toMatchObject({ url });
  });
});

import { troubleOf } from "../trouble.ts";
import {
  buildJson,
  commit,
  earlier,
  host,
  pipelines,
  project,
  serveDevOps,
  serveIdentity,
} from "./devops-service.ts";
import { nock } from "../without-network.ts";

const repository = "5e9d2c41-0b7f-4b0a-8c1e-6a4f3d2b1c77";
const page = "https://dev.azure.com/omnispatial/OmniSpatial/_git/web";

serveDevOps();

const github = {
  readHead: async (name: string, branch: string) => ({ id: `${name}@${branch}` }),
  readChanges: async (name: string, from: string, to: string) => ({
    commits: [{ id: to }],
    count: 1,
    url: `https://github.com/${name}/compare/${from}...${to}`,
  }),
};

function serveDefinition(fields: Record<string, unknown> = {}): void {
  const source = {
    id: repository,
    name: "web",
    type: "TfsGit",
    url: page.replace("//", "//omnispatial@"),
  };
  nock(host)
    .get(`${project}/build/definitions/12`)
    .reply(200, { id: 12, repository: { ...source, ...fields } });
}

function commitJson(id: string, comment: string): Record<string, unknown> {
  return {
    commitId: id,
    comment,
    author: { name: "Diego Siciliani", date: "2026-11-25T09:00:00Z" },
  };
}

describe("the head of the branch", () => {
  const branches = `${project}/git/repositories/${repository}/stats/branches?name=main`;

  test("comes from the repository that the pipeline builds", async () => {
    serveDefinition();
    nock(host)
      .get(branches)
      .reply(200, {
        name: "main",
        commit: commitJson(commit, "Show the scale bar\n\nRelated work items: #4431"),
      });
    expect(await pipelines().readHead()).toEqual({
      id: commit,
      message: "Show the scale bar",
      author: "Diego Siciliani",
      url: `${page}/commit/${commit}`,
    });
  });

  test("is asked in the repository's own project", async () => {
    serveDefinition({ url: "https://dev.azure.com/omnispatial/Shared%20Code/_git/web" });
    nock(host)
      .get(
        `/omnispatial/Shared%20Code/_apis/git/repositories/${repository}/stats/branches?name=main`,
      )
      .reply(200, { commit: { commitId: commit } });
    expect(await pipelines().readHead()).toMatchObject({ id: commit });
  });

  test("of a branch that is not there is refused in plain words", async () => {
    serveDefinition();
    nock(host).get(branches).reply(404, { message: "TF401175" });
    serveIdentity();
    expect(await pipelines().readHead()).toEqual({
      state: "failed",
      code: "branch-not-found",
      detail: "There is no branch main in the repository web.",
    });
  });

  test("of a pipeline that is not there is refused in plain words", async () => {
    nock(host).get(`${project}/build/definitions/12`).reply(404, { message: "VS800075" });
    serveIdentity();
    expect(await pipelines().readHead()).toEqual({
      state: "failed",
      code: "pipeline-not-found",
      detail: "There is no pipeline 12 in the project OmniSpatial.",
    });
  });

  test("of a repository on GitHub is asked there", async () => {
    serveDefinition({ type: "GitHub", id: "omnispatial/web", name: "omnispatial/web" });
    expect(await pipelines({ github }).readHead()).toEqual({ id: "omnispatial/web@main" });
  });

  test("of a repository on GitHub is refused where omnibot has no access to it", async () => {
    serveDefinition({ type: "GitHub", id: "omnispatial/web" });
    expect(await troubleOf(pipelines().readHead())).toMatchObject({
      trouble: "invalid",
      message: "Pipeline 12 builds a repository of type GitHub, whose head omnibot cannot read",
    });
  });
});

describe("changes since a build", () => {
  const commits = `${project}/git/repositories/${repository}/commits`;

  function serveBuild(): void {
    nock(host)
      .get(`${project}/build/builds/40655`)
      .reply(200, buildJson({ id: 40655, sourceVersion: earlier }));
  }

  test("are the commits between its commit and the one that would be built, 50 at most", async () => {
    serveBuild();
    serveDefinition();
    const found = Array.from({ length: 60 }, (_, i) =>
      commitJson(i === 0 ? commit : `${i}`.padStart(40, "0"), `Nr ${i}`),
    );
    const asked = nock(host)
      .get(commits)
      .query(
        (query) =>
          query["searchCriteria.itemVersion.version"] === earlier &&
          query["searchCriteria.compareVersion.version"] === commit &&
          query["searchCriteria.itemVersion.versionType"] === "2" &&
          query["searchCriteria.includeWorkItems"] === "true" &&
          query["searchCriteria.compareVersion.versionType"] === "2" &&
          query["$top"] === "50",
      )
      .reply(200, { value: found });

    const changes = await pipelines().readChanges(40655, commit);
    expect(changes).toMatchObject({ count: 50, atLeast: true, workItems: [] });
    expect(changes?.commits).toHaveLength(50);
    expect(changes?.commits[0]).toMatchObject({ id: commit, message: "Nr 0" });
    expect(changes?.url).toBe(
      `${page}/branchCompare?baseVersion=GC${earlier}&targetVersion=GC${commit}&_a=commits`,
    );
    asked.done();
  });

  test("are none when the same commit is built again", async () => {
    nock(host)
      .get(`${project}/build/builds/40655`)
      .reply(200, buildJson({ id: 40655, sourceVersion: commit }));
    serveDefinition();
    expect(await pipelines().readChanges(40655, commit)).toEqual({ commits: [], count: 0 });
  });

  test("are unknown when the build is gone", async () => {
    nock(host).get(`${project}/build/builds/40655`).reply(404, { message: "VS800075" });
    serveIdentity();
    expect(await pipelines().readChanges(40655, commit)).toBeUndefined();
  });

  test("are unknown when a commit is gone", async () => {
    serveBuild();
    serveDefinition();
    nock(host).get(commits).query(true).reply(400, { message: "TF401175" });
    expect(await pipelines().readChanges(40655, commit)).toBeUndefined();
  });

  test("P7 are unknown when they do not end in the commit that would be built", async () => {
    serveBuild();
    serveDefinition();
    nock(host)
      .get(commits)
      .query(true)
      .reply(200, { value: [commitJson(earlier, "the other way round")] });
    expect(await pipelines().readChanges(40655, commit)).toBeUndefined();
  });

  test("of a repository on GitHub are asked there", async () => {
    serveBuild();
    serveDefinition({ type: "GitHub", name: "omnispatial/web" });
    expect(await pipelines({ github }).readChanges(40655, commit)).toEqual({
      commits: [{ id: commit }],
      count: 1,
      url: `https://github.com/omnispatial/web/compare/${earlier}...${commit}`,
    });
  });

  test("of a repository on GitHub are unknown where omnibot has no access to it", async () => {
    serveBuild();
    serveDefinition({ type: "GitHub", id: "omnispatial/web" });
    expect(await pipelines().readChanges(40655, commit)).toBeUndefined();
  });

  test("are unknown in a repository of a third kind", async () => {
    serveBuild();
    serveDefinition({ type: "Bitbucket" });
    expect(await pipelines({ github }).readChanges(40655, commit)).toBeUndefined();
  });

  test("that cannot be read now are trouble", async () => {
    serveBuild();
    serveDefinition();
    nock(host).get(commits).query(true).reply(503, "");
    expect(await troubleOf(pipelines().readChanges(40655, commit))).toMatchObject({
      trouble: "unreachable",
    });
  });
});

describe("work items of those changes", () => {
  const commits = `${project}/git/repositories/${repository}/commits`;
  const links = "https://dev.azure.com/omnispatial/OmniSpatial/_workitems/edit";

  /** Two commits: one linked with two work items, the other with one of them again. */
  function serveCommits(): void {
    nock(host)
      .get(`${project}/build/builds/40655`)
      .reply(200, buildJson({ id: 40655, sourceVersion: earlier }));
    serveDefinition();
    const refs = (...ids: readonly number[]) => ({
      workItems: ids.map((id) => ({ id: String(id), url: `${host}/_apis/wit/workItems/${id}` })),
    });
    nock(host)
      .get(commits)
      .query((query) => query["searchCriteria.includeWorkItems"] === "true")
      .reply(200, {
        value: [
          { ...commitJson(commit, "one"), ...refs(4431, 4437) },
          { ...commitJson("b".repeat(40), "two"), ...refs(4431) },
        ],
      });
  }

  function serveTitles(): nock.Interceptor {
    return nock(host).get(`${project}/wit/workitems`).query({
      ids: "4431,4437",
      fields: "System.Title",
      errorPolicy: "omit",
      "api-version": "7.1",
    });
  }

  test("are told once each, with title and page", async () => {
    serveCommits();
    serveTitles().reply(200, {
      count: 2,
      value: [
        { id: 4431, rev: 2, fields: { "System.Title": "Printed maps have no scale bar" } },
        { id: 4437, rev: 9, fields: { "System.Title": "Maps are cut off on A3\nlong" } },
      ],
    });
    expect((await pipelines().readChanges(40655, commit))?.workItems).toEqual([
      { id: 4431, title: "Printed maps have no scale bar", url: `${links}/4431` },
      { id: 4437, title: expect.stringMatching(/^Maps are cut off on A3/), url: `${links}/4437` },
    ]);
  });

  test("that may not be read keep their number", async () => {
    serveCommits();
    serveTitles().reply(200, {
      count: 2,
      value: [{ id: 4431, fields: { "System.Title": "Printed maps have no scale bar" } }, null],
    });
    expect((await pipelines().readChanges(40655, commit))?.workItems?.[1]).toEqual({
      id: 4437,
      url: `${links}/4437`,
    });
  });

  test.each([
    ["refuses", (titles: nock.Interceptor) => titles.reply(401, "")],
    ["is out of order", (titles: nock.Interceptor) => titles.reply(503, "")],
    ["says something else", (titles: nock.Interceptor) => titles.reply(200, { value: "none" })],
    ["cuts the line", (titles: nock.Interceptor) => titles.replyWithError("reset")],
  ])("are no reason to keep the commits back: the tracker %s", async (_, serve) => {
    serveCommits();
    serve(serveTitles());
    expect(await pipelines().readChanges(40655, commit)).toMatchObject({
      count: 2,
      workItems: [
        { id: 4431, url: `${links}/4431` },
        { id: 4437, url: `${links}/4437` },
      ],
    });
  });

  test("are left out where omnibot may read the code, and not them", async () => {
    nock(host)
      .get(`${project}/build/builds/40655`)
      .reply(200, buildJson({ id: 40655, sourceVersion: earlier }));
    serveDefinition();
    const asked = (included: string) =>
      nock(host)
        .get(commits)
        .query((query) => query["searchCriteria.includeWorkItems"] === included);
    asked("true").reply(403, { message: "TF401027" });
    asked("false").reply(200, { value: [commitJson(commit, "one")] });
    expect(await pipelines().readChanges(40655, commit)).toMatchObject({ count: 1, workItems: [] });
  });
});

import nock from "nock";
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

const repository = "5e9d2c41-0b7f-4b0a-8c1e-6a4f3d2b1c77";
const page = "https://dev.azure.com/omnispatial/OmniSpatial/_git/web";

serveDevOps();

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
    const githubHead = async (name: string, branch: string) => ({ id: `${name}@${branch}` });
    expect(await pipelines({ githubHead }).readHead()).toEqual({ id: "omnispatial/web@main" });
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
          query["searchCriteria.compareVersion.versionType"] === "2" &&
          query["$top"] === "50",
      )
      .reply(200, { value: found });

    const changes = await pipelines().readChanges(40655, commit);
    expect(changes).toHaveLength(50);
    expect(changes?.[0]).toMatchObject({ id: commit, message: "Nr 0" });
    asked.done();
  });

  test("are none when the same commit is built again", async () => {
    nock(host)
      .get(`${project}/build/builds/40655`)
      .reply(200, buildJson({ id: 40655, sourceVersion: commit }));
    serveDefinition();
    expect(await pipelines().readChanges(40655, commit)).toEqual([]);
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

  test("are unknown outside of Azure Repos", async () => {
    serveBuild();
    serveDefinition({ type: "GitHub", id: "omnispatial/web" });
    expect(await pipelines().readChanges(40655, commit)).toBeUndefined();
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

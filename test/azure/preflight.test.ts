import { commit, host, pipelines, project, serveDevOps } from "./devops-service.ts";
import { nock } from "../without-network.ts";

serveDevOps();

const projectId = "c0ffee12-7a3b-4f4e-9d55-3b1f6c2a9e10";
const preview = `${project}/pipelines/12/preview`;

function serveDefinition(fields: object = {}): void {
  nock(host)
    .get(`${project}/build/definitions/12`)
    .reply(200, { id: 12, path: "\\", project: { id: projectId }, ...fields });
}

function servePermission(token: string, allowed: boolean): nock.Scope {
  return nock(host)
    .get("/omnispatial/_apis/permissions/33344d9c-fc72-4d6f-aba5-fa317101a7e9/128")
    .query((query) => query["tokens"] === token)
    .reply(200, { count: 1, value: [allowed] });
}

function acceptRun(): nock.Scope {
  return nock(host).post(preview).reply(200, { finalYaml: "stages: []" });
}

describe("what would keep a commit from being built", () => {
  test("is nothing where omnibot may queue, and the pipeline takes its parameters", async () => {
    serveDefinition();
    servePermission(`${projectId}/12`, true);
    let asked: unknown;
    nock(host)
      .post(preview, (body) => {
        asked = body;
        return true;
      })
      .reply(200, { finalYaml: "stages: []" });
    expect(await pipelines().preflight(commit)).toEqual({ warnings: [], unchecked: [] });
    expect(asked).toMatchObject({
      previewRun: true,
      resources: { repositories: { self: { refName: "refs/heads/main", version: commit } } },
      templateParameters: { environment: "production", omnibotDeploymentId: "preflight" },
    });
  });

  test("a missing permission, asked for on the pipeline in its folder", async () => {
    serveDefinition({ path: "\\Team A\\web" });
    const asked = servePermission(`${projectId}/Team A/web/12`, false);
    acceptRun();
    expect(await pipelines().preflight(commit)).toEqual({
      warnings: ['omnibot may not queue runs of pipeline 12 (permission "Queue builds").'],
      unchecked: [],
    });
    asked.done();
  });

  test.each(["paused", "disabled"])("a pipeline that is %s", async (queueStatus) => {
    serveDefinition({ queueStatus });
    servePermission(`${projectId}/12`, true);
    acceptRun();
    expect((await pipelines().preflight(commit)).warnings).toEqual([
      `Pipeline 12 is ${queueStatus} in Azure DevOps.`,
    ]);
  });

  test("a parameter that the pipeline does not know", async () => {
    serveDefinition();
    servePermission(`${projectId}/12`, true);
    const message = "/azure-pipelines.yml: Unexpected parameter 'omnibotDeploymentId'";
    nock(host).post(preview).reply(400, { message });
    expect((await pipelines().preflight(commit)).warnings).toEqual([
      `The pipeline would not start: Azure DevOps answered 400: ${message}`,
    ]);
  });

  test("what may not be asked is named as not checked", async () => {
    serveDefinition();
    nock(host)
      .get(/_apis\/permissions/)
      .reply(403, { message: "no" });
    nock(host).post(preview).reply(503, "");
    expect(await pipelines().preflight(commit)).toEqual({
      warnings: [],
      unchecked: [
        "whether omnibot may queue runs (Azure DevOps answered 403: no)",
        expect.stringContaining("whether the pipeline accepts such a run (Azure DevOps"),
      ],
    });
  });
});

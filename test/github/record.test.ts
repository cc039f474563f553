import { repositoryOf } from "../../src/github/exchange.ts";
import { createOctokit } from "../../src/github/client.ts";
import type { DeploymentRecord } from "../../src/deployment/records.ts";
import { writeRecord } from "../../src/github/record.ts";
import { nock, withoutNetwork } from "../without-network.ts";

const root = "/repos/omnispatial/gitops/deployments";
const repository = repositoryOf(
  createOctokit({ auth: { kind: "token", token: "t" } }),
  "omnispatial/gitops",
);
const record: DeploymentRecord = {
  key: "abcdef012345",
  environment: "production",
  commit: "c".repeat(40),
  state: "success",
  description: "#1: production-40672 by Alex Wilber",
  url: "https://github.com/omnispatial/gitops/pull/871",
};

const hub = () => nock("https://api.github.com");
const listed = (payload: unknown) =>
  hub()
    .get(root)
    .query({ environment: "production", task: "deploy:omnibot", per_page: 100 })
    .reply(200, [
      { id: 8, payload: "somebody's own" },
      { id: 7, payload },
    ]);
const newest = (...states: readonly string[]) =>
  hub()
    .get(`${root}/7/statuses`)
    .query({ per_page: 1 })
    .reply(
      200,
      states.map((state) => ({ state })),
    );

withoutNetwork();

describe("a deployment on GitHub", () => {
  test("is made once, without a merge of GitHub's own and without waiting for checks", async () => {
    listed({ omnibotDeployment: "another" });
    hub()
      .post(root, {
        ref: record.commit,
        environment: "production",
        task: "deploy:omnibot",
        payload: { omnibotDeployment: record.key },
        description: record.description,
        auto_merge: false,
        required_contexts: [],
      })
      .reply(201, { id: 7 });
    newest();
    hub()
      .post(`${root}/7/statuses`, {
        state: "success",
        description: record.description,
        auto_inactive: false,
        log_url: record.url,
      })
      .reply(201, {});
    await writeRecord(repository, record);
    expect(nock.isDone()).toBe(true);
  });

  test.each([
    ["as an object", { omnibotDeployment: record.key }],
    ["as its text", JSON.stringify({ omnibotDeployment: record.key })],
  ])(
    "is found by its key, which GitHub gives back %s, and told only what is new",
    async (_, payload) => {
      listed(payload);
      newest("success");
      await writeRecord(repository, record);
      listed(payload);
      newest("success");
      hub()
        .post(`${root}/7/statuses`, /"inactive"/)
        .reply(201, {});
      await writeRecord(repository, { ...record, state: "inactive" });
      expect(nock.isDone()).toBe(true);
    },
  );

  test("that may not be written says so", async () => {
    hub().get(root).query(true).reply(403, { message: "Resource not accessible by integration" });
    await expect(writeRecord(repository, record)).rejects.toMatchObject({ trouble: "denied" });
  });
});

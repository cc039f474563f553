import type { Deployment } from "../../src/deployment/deployment.ts";
import { createRecords, type DeploymentRecord } from "../../src/deployment/records.ts";
import { ServiceError } from "../../src/deployment/service-error.ts";
import { deploymentAt, environment } from "./fakes.ts";

const row = (id: number, state: Deployment["state"]) =>
  deploymentAt("check-health", { id, key: `key-${id}`, state });

/** Runs until everything is written that is to be written. */
async function written(rows: readonly Deployment[], refusals = 0): Promise<DeploymentRecord[]> {
  const all: DeploymentRecord[] = [];
  let left = refusals;
  const ending = new AbortController();
  const records = createRecords({
    ledger: { list: (_, limit) => Promise.resolve(rows.slice(0, limit)) },
    environments: [environment],
    write: (_, record) => {
      if (left > 0) {
        left -= 1;
        return Promise.reject(new ServiceError("github", "unreachable", "unknown", "away"));
      }
      all.push(record);
      if (record.key === rows[0]?.key) ending.abort();
      return Promise.resolve();
    },
    log: { info: () => {}, warn: () => {}, error: () => {} },
    pause: 1,
  });
  await records.run(ending.signal);
  return all;
}

describe("records of deployments", () => {
  test("at a start say how each of the newest ended, the oldest first: one is live, what was live is not", async () => {
    const rows = [row(4, "active"), row(3, "live"), row(2, "failed"), row(1, "live")];
    expect((await written(rows)).map(({ key, state }) => [key, state])).toEqual([
      ["key-1", "inactive"],
      ["key-2", "failure"],
      ["key-3", "success"],
      ["key-4", "in_progress"],
    ]);
  });

  test("are of what has changed Git, and name who asked and who approved", async () => {
    const rows = [row(2, "live"), deploymentAt("build", { id: 1, state: "failed" })];
    expect(await written(rows)).toEqual([
      {
        key: "key-2",
        environment: "production",
        commit: "c".repeat(40),
        state: "success",
        description: "#2: production-40672 by Alex Wilber, approved by Megan Bowen",
        url: "https://github.com/pull/871",
      },
    ]);
  });

  test("are written later when GitHub does not take them", async () => {
    expect(await written([row(1, "live")], 3)).toMatchObject([{ state: "success" }]);
  });
});

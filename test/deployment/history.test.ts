import { createHistory } from "../../src/deployment/history.ts";
import { deploymentAt, digest, environment, fakeWorld } from "./fakes.ts";

function live(id: number, build: number) {
  const tag = `production-${build}`;
  const { evidence } = deploymentAt("check-health");
  return deploymentAt("check-health", {
    id,
    state: "live",
    evidence: { ...evidence, image: { tag, digest, digests: [digest] } },
  });
}

const failed = deploymentAt("roll-out", { id: 9, state: "failed" });

function historyOf(all: readonly ReturnType<typeof live>[]) {
  return createHistory({
    ledger: { list: (_, limit) => Promise.resolve(all.slice(0, limit)) },
    environments: { production: environment },
    worldOf: () => fakeWorld({}),
  });
}

describe("the builds to go back to", () => {
  test("are the earlier ones that went live, each once, without the newest and without failures", async () => {
    const history = historyOf([
      live(12, 40_672),
      live(11, 40_655),
      failed,
      live(8, 40_672),
      live(7, 40_641),
    ]);
    const found = await history.goodBuilds(undefined);
    expect("builds" in found ? found.builds.map(({ build }) => build) : found).toEqual([
      40_655, 40_641,
    ]);
  });

  test("are none for an environment that nobody knows", async () => {
    expect(await historyOf([]).goodBuilds("moon")).toEqual({
      state: "unknown-environment",
      known: ["production"],
    });
  });
});

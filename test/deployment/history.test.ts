import { createHistory, type History } from "../../src/deployment/history.ts";
import { alex, commit, deploymentAt, digest, environment, FakeClock, fakeWorld } from "./fakes.ts";

function live(id: number, build: number) {
  const tag = `production-${build}`;
  const { evidence } = deploymentAt("check-health");
  return deploymentAt("check-health", {
    id,
    state: "live",
    evidence: {
      ...evidence,
      image: { tag, digest, digests: [digest] },
      run: { id: build, number: "20261125.1", commit, url: "" },
      change: { branch: "b", head: "h", pullRequest: 1, url: "", from: "x", to: tag },
    },
  });
}

const failed = deploymentAt("roll-out", { id: 9, state: "failed" });
const numbers = (found: Awaited<ReturnType<History["goodBuilds"]>>) =>
  "builds" in found ? found.builds.map(({ build }) => build) : found;

function historyOf(all: readonly ReturnType<typeof live>[], blocked?: number) {
  const block = { by: alex, reason: "The map is wrong", since: 0 };
  return createHistory({
    locks: {
      findBlock: (build) => Promise.resolve(build === blocked ? { build, ...block } : undefined),
    },
    ledger: {
      list: (_, limit) => Promise.resolve(all.slice(0, limit)),
      listSince: (_, since) =>
        Promise.resolve(all.filter(({ requestedAt }) => requestedAt >= since)),
    },
    clock: new FakeClock(),
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
    expect(numbers(found)).toEqual([40_655, 40_641]);
    expect("builds" in found && found.builds[0]?.commit?.id).toBe(commit);
  });

  test("begin with the last one that ran well where a later one did not", async () => {
    const failure = live(13, 40_677);
    const history = historyOf([
      { ...failure, state: "failed" },
      live(12, 40_672),
      live(11, 40_655),
    ]);
    expect(numbers(await history.goodBuilds(undefined))).toEqual([40_672, 40_655]);
  });

  test("are five at most, and none that somebody has blocked", async () => {
    const all = Array.from({ length: 9 }, (_, index) => live(20 - index, 40_700 - index));
    const found = await historyOf(all, 40_698).goodBuilds(undefined);
    expect(numbers(found)).toEqual([40_699, 40_697, 40_696, 40_695, 40_694]);
  });

  test("are none for an environment that nobody knows", async () => {
    expect(await historyOf([]).goodBuilds("moon")).toEqual({
      state: "unknown-environment",
      known: ["production"],
    });
  });
});

import type { Environment } from "../../src/config/config.ts";
import type { Deployment } from "../../src/deployment/deployment.ts";
import { createHints, type Hint } from "../../src/deployment/hints.ts";
import { deploymentAt, environment, FakeClock } from "./fakes.ts";

const repository = environment.gitops.repository;

function stage(rows: readonly Deployment[]) {
  const clock = new FakeClock();
  const forward: (readonly [id: number, at: number])[] = [];
  const watched: (readonly [name: string, at: number])[] = [];
  let rung = 0;
  const staging: Environment = {
    ...environment,
    name: "staging",
    gitops: { ...environment.gitops, branch: "next" },
  };
  const hear = createHints({
    ledger: {
      listWorkedOn: () => Promise.resolve(rows),
      bringForward: (id, _, at) => Promise.resolve(void forward.push([id, at - 1_000_000])),
    },
    environments: { production: environment, staging },
    clock,
    hint: () => (rung += 1),
    watch: ({ name }, at) => Promise.resolve(void watched.push([name, at - 1_000_000])),
  });
  return { hear, clock, forward, watched, rung: () => rung };
}

describe("a hint from outside", () => {
  const aboutOurRun: Hint = { about: "run", id: 40672 };
  test.each<[string, Hint, string, boolean]>([
    ["a run, of a row whose run is not known yet", aboutOurRun, "build", true],
    ["a run, of a row past its build", aboutOurRun, "merge-change", false],
    ["a run, of a request that waits for approval", aboutOurRun, "approve", false],
    ["our pull request", { about: "change", repository, pullRequest: 871 }, "merge-change", true],
    [
      "another pull request",
      { about: "change", repository, pullRequest: 872 },
      "merge-change",
      false,
    ],
    ["a check of any commit", { about: "change", repository }, "merge-change", true],
    [
      "the repository in other letters",
      { about: "change", repository: repository.toUpperCase() },
      "open-change",
      true,
    ],
    [
      "another repository",
      { about: "change", repository: "omnispatial/web" },
      "merge-change",
      false,
    ],
    ["our release", { about: "release", release: { name: "web" } }, "roll-out", true],
    ["another release", { about: "release", release: { name: "api" } }, "roll-out", false],
    ["a source of Flux", { about: "release" }, "sync", true],
    ["Flux, before the merge", { about: "release" }, "open-change", false],
  ])("about %s", async (_, hint, step, looks) => {
    const { hear, forward, rung } = stage([deploymentAt(step)]);
    expect(await hear(hint)).toBe(looks ? 1 : 0);
    expect(forward).toEqual(looks ? [[128, 0]] : []);
    expect(rung()).toBe(looks ? 1 : 0);
  });

  test("about a run that is known to be another's changes nothing", async () => {
    const { run } = deploymentAt("merge-change").evidence;
    const row = deploymentAt("build");
    const known = { ...row, evidence: { ...row.evidence, ...(run && { run }) } };
    const { hear } = stage([known]);
    expect(await hear({ about: "run", id: 40673 })).toBe(0);
    expect(await hear(aboutOurRun)).toBe(1);
  });

  test("about Flux is heard for a failure that may still heal", async () => {
    const following = { until: 2_000_000, sentence: "" };
    const { hear } = stage([deploymentAt("roll-out", { state: "failed", following })]);
    expect(await hear({ about: "release" })).toBe(1);
  });

  test("is for the environments that are configured here", async () => {
    const { hear } = stage([deploymentAt("sync", { environment: "elsewhere" })]);
    expect(await hear({ about: "release" })).toBe(0);
  });

  test("about a branch brings the watch of its file forward", async () => {
    const { hear, watched } = stage([]);
    expect(await hear({ about: "branch", repository, branch: "main" })).toBe(1);
    expect(await hear({ about: "branch", repository, branch: "feature" })).toBe(0);
    expect(watched).toEqual([["production", 0]]);
  });

  test("P3 however many come, ten looks follow at once, and then one every two seconds", async () => {
    const { hear, clock, forward } = stage([deploymentAt("sync")]);
    for (let sent = 0; sent < 100; sent += 1) {
      await hear({ about: "release" });
      clock.time += 60;
    }
    const looks = [...new Set(forward.map(([, at]) => at))];
    expect(looks.slice(0, 10)).toEqual([0, 60, 120, 180, 240, 300, 360, 420, 480, 540]);
    expect(looks.slice(10)).toEqual([2000, 2040, 4000, 4020, 6000]);
  });
});

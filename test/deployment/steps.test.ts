import type { Deployment, HealthResult } from "../../src/deployment/deployment.ts";
import { overtakenBy } from "../../src/deployment/overtaken.ts";
import type { MergeState, PullRequest, Relation } from "../../src/deployment/ports.ts";
import { ServiceError } from "../../src/deployment/service-error.ts";
import { steps } from "../../src/deployment/steps.ts";
import { mergeChange } from "../../src/deployment/steps/merge-change.ts";
import {
  commit,
  contextOf,
  deploymentAt,
  digest,
  environment,
  FakeClock,
  megan,
  type Parts,
} from "./fakes.ts";

async function advance(deployment: Deployment, parts: Parts, clock?: FakeClock) {
  const name = deployment.progress.find((one) => one.state === "running")?.step;
  const step = steps.find((one) => one.name === name);
  if (step === undefined) throw new Error(`no step ${name}`);
  return step.advance(deployment, contextOf(parts, clock));
}

const answer =
  <T>(value: T) =>
  () =>
    Promise.resolve(value);
const live = {
  state: "read" as const,
  tag: "production-40655",
  commit: { id: "d".repeat(40), author: "Megan Bowen" },
  changedAt: 900_000,
  release: { name: "web", namespace: "omnispatial" },
};

const nothing = { warnings: [], unchecked: [] };

describe("approve", () => {
  const asked = deploymentAt("approve");
  const parts: Parts = {
    gitops: { readTag: answer(live), preflight: answer(nothing) },
    pipelines: {
      readHead: answer({ id: commit, message: "Serve tiles" }),
      readChanges: answer({ commits: [{ id: commit }], count: 1 }),
      preflight: answer(nothing),
    },
    registry: { resolve: answer({ state: "found", digest, digests: [digest] }) },
    cluster: { preflight: answer(nothing) },
  };

  test("P7 fixes the commit that will be built before anybody approves it", async () => {
    expect(await advance(asked, parts)).toMatchObject({
      type: "waiting",
      evidence: {
        proposal: {
          commit: { id: commit },
          branch: "main",
          liveTag: "production-40655",
          changeCount: 1,
        },
      },
    });
  });

  test("looks once more at the approval: what is new is kept, what cannot end well is not begun", async () => {
    const proposal = { release: { name: "web" }, liveTag: "x", warnings: ["seen"] };
    const approved = deploymentAt("approve", {
      evidence: { proposal },
      approvals: [{ person: megan, at: 0 }],
    });
    const well = { warnings: [], unchecked: [] };
    const cause = { state: "failed", code: "flux-suspended", detail: "It is suspended." } as const;
    const now = (found: object): Parts => ({
      gitops: { preflight: answer(well) },
      cluster: { preflight: answer({ ...well, ...found }) },
    });
    expect(await advance(approved, now({ warnings: ["seen", "Helm is at work"] }))).toMatchObject({
      type: "done",
      evidence: { proposal: { ...proposal, news: ["Helm is at work"] } },
    });
    expect(
      await advance(approved, now({ warnings: ["no"], blocked: { warning: "no", cause } })),
    ).toMatchObject({ type: "failed", code: "flux-suspended" });
  });

  test("is done when enough people approved what was shown", async () => {
    const shown = deploymentAt("approve", {
      evidence: {
        proposal: { release: { name: "web" }, liveTag: "production-40655", commit: { id: commit } },
      },
    });
    expect(await advance(shown, {})).toMatchObject({
      type: "waiting",
      sentence: "Waits for one approval",
    });
    expect(await advance({ ...shown, approvals: [{ person: megan, at: 1 }] }, {})).toMatchObject({
      type: "done",
      sentence: "by Megan Bowen",
    });
  });

  const back = deploymentAt("approve", {
    kind: "rollback",
    target: { from: "build", build: 40641 },
  });
  const run = { id: 40641, number: "1", commit, url: "https://dev.azure.com/run" };

  test("P8 of a rollback wants the image in the registry before anybody is asked", async () => {
    const known: Parts = { ...parts, pipelines: { readBuild: answer(run) } };
    expect(
      await advance(back, { ...known, registry: { resolve: answer({ state: "absent" }) } }),
    ).toMatchObject({
      type: "failed",
      code: "image-not-found",
    });
    expect(
      await advance(back, {
        ...known,
        registry: { resolve: answer({ state: "found", digest, digests: [digest] }) },
      }),
    ).toMatchObject({
      type: "waiting",
      evidence: { proposal: { tag: "production-40641", commit: { id: commit } }, run },
    });
  });

  test("of a rollback to what is live already says so", async () => {
    const same = deploymentAt("approve", {
      kind: "rollback",
      target: { from: "build", build: 40655 },
    });
    expect(
      await advance(same, { ...parts, pipelines: { readBuild: answer(undefined) } }),
    ).toMatchObject({
      type: "failed",
      code: "already-live",
    });
  });

  test("P17 where Flux's image automation writes the same line, nothing is begun", async () => {
    const owned = answer({ ...live, automatedAt: 24 });
    for (const one of [asked, back]) {
      expect(await advance(one, { gitops: { readTag: owned } })).toMatchObject({
        type: "failed",
        code: "image-automation",
        detail: expect.stringContaining("Line 24 of clusters/"),
      });
    }
    expect(
      await advance(deploymentAt("open-change"), { gitops: { readTag: owned } }),
    ).toMatchObject({ type: "failed", code: "image-automation" });
  });

  test.each(["branch-not-found", "pipeline-not-found"] as const)(
    "of a deployment whose source cannot be read ends as %s",
    async (code) => {
      const readHead = answer({ state: "failed" as const, code, detail: "It is not there." });
      expect(await advance(asked, { ...parts, pipelines: { readHead } })).toMatchObject({
        type: "failed",
        code,
      });
    },
  );

  test("of a rollback to a build that neither the pipeline nor the registry knows says so", async () => {
    const gone: Parts = {
      ...parts,
      pipelines: { readBuild: answer(undefined) },
      registry: { resolve: answer({ state: "absent" }) },
    };
    expect(await advance(back, gone)).toMatchObject({ type: "failed", code: "build-not-found" });
  });
});

describe("build", () => {
  const run = { id: 40672, number: "1", commit, url: "https://dev.azure.com/run" };
  const found: Parts["pipelines"] = {
    findRun: answer(undefined),
    startRun: answer(run),
    marked: true,
  };

  test("starts the run at the approved commit and follows it", async () => {
    const started: unknown[] = [];
    const startRun = (request: unknown) => {
      started.push(request);
      return Promise.resolve(run);
    };
    const readRun = answer({ state: "running" as const, sentence: "stage 1 of 2: Build" });
    expect(
      await advance(deploymentAt("build"), { pipelines: { ...found, startRun, readRun } }),
    ).toMatchObject({
      type: "waiting",
      sentence: "stage 1 of 2: Build",
      evidence: { run },
    });
    expect(started).toEqual([{ key: "abcdef012345", commit }]);
  });

  test("P5 takes a run that is there already", async () => {
    const readRun = answer({ state: "succeeded" as const, run });
    expect(
      await advance(deploymentAt("build"), {
        pipelines: { findRun: answer(run), readRun, marked: true },
      }),
    ).toMatchObject({
      type: "done",
      evidence: { run },
    });
  });

  test("P7 does not ship what was built from another commit", async () => {
    const other = { ...run, commit: "e".repeat(40) };
    expect(
      await advance(deploymentAt("build"), { pipelines: { ...found, startRun: answer(other) } }),
    ).toMatchObject({
      type: "failed",
      code: "commit-mismatch",
    });
    const readRun = answer({ state: "succeeded" as const, run: other });
    expect(
      await advance(deploymentAt("build"), { pipelines: { ...found, readRun } }),
    ).toMatchObject({ code: "commit-mismatch" });
  });

  test("tells why a run failed, with the tail of its log", async () => {
    const excerpt = { title: "npm test", lines: ["1 failing"] };
    const readRun = answer({
      state: "failed" as const,
      code: "pipeline-failed" as const,
      detail: "npm test failed",
      excerpt,
    });
    expect(
      await advance(deploymentAt("build"), { pipelines: { ...found, readRun } }),
    ).toMatchObject({
      type: "failed",
      code: "pipeline-failed",
      excerpt,
    });
  });
});

describe("verify-image", () => {
  test("P8 records the digest of the tag that the run pushed", async () => {
    const asked: string[] = [];
    const resolve = (tag: string) => {
      asked.push(tag);
      return Promise.resolve({
        state: "found" as const,
        digest,
        digests: [digest, "sha256:child"],
      });
    };
    expect(await advance(deploymentAt("verify-image"), { registry: { resolve } })).toMatchObject({
      type: "done",
      evidence: { image: { tag: "production-40672", digest } },
    });
    expect(asked).toEqual(["production-40672"]);
  });

  test("P7 of a build that was shown takes only the image that was shown", async () => {
    const shown = deploymentAt("verify-image", { target: { from: "build", build: 40641 } });
    const proposal = { release: { name: "web" }, liveTag: "x", tag: "production-40641" };
    const other = `sha256:${"0".repeat(64)}`;
    const at = { ...shown, evidence: { proposal: { ...proposal, digest: other } } };
    const resolve = answer({ state: "found" as const, digest, digests: [digest] });
    expect(await advance(at, { registry: { resolve } })).toMatchObject({
      code: "tag-moved",
      detail: expect.stringContaining("when it was approved"),
    });
    const same = { ...shown, evidence: { proposal: { ...proposal, digest } } };
    expect(await advance(same, { registry: { resolve } })).toMatchObject({ type: "done" });
  });

  test("gives the registry a moment, then says that the image is not there", async () => {
    const clock = new FakeClock();
    const absent: Parts = { registry: { resolve: answer({ state: "absent" }) } };
    expect(await advance(deploymentAt("verify-image"), absent, clock)).toMatchObject({
      type: "waiting",
    });
    clock.time += 20_000;
    expect(await advance(deploymentAt("verify-image"), absent, clock)).toMatchObject({
      type: "failed",
      code: "image-not-found",
    });
  });
});

describe("open-change", () => {
  const head = "b".repeat(40);
  const file = { path: environment.gitops.file, additions: 1, deletions: 1 };
  const pull = { number: 871, url: "https://github.com/pull/871", head, state: "open" as const };
  const nothingYet: Parts["gitops"] = {
    readTag: answer(live),
    findBranch: answer(undefined),
    createBranch: answer({ head: "a".repeat(40) }),
    findCommit: answer(undefined),
    commitTag: answer({ state: "committed" as const, head, from: "production-40655" }),
    findPullRequest: answer(undefined),
    openPullRequest: answer(pull),
    readPullRequest: answer({ ...pull, files: [file] }),
  };

  test("opens a pull request that says who asked and who approved", async () => {
    const messages: string[] = [];
    const commitTag = (_branch: string, _tag: string, message: string) => {
      messages.push(message);
      return Promise.resolve({ state: "committed" as const, head, from: "production-40655" });
    };
    expect(
      await advance(deploymentAt("open-change"), { gitops: { ...nothingYet, commitTag } }),
    ).toMatchObject({
      type: "done",
      evidence: {
        change: { pullRequest: 871, head, from: "production-40655", to: "production-40672" },
      },
    });
    expect(messages[0]).toMatch(/^Deploy production to production-40672\n\n/);
    expect(messages[0]).toMatch(
      /^Requested-by: Alex Wilber <aaaaaaaa-0000-4000-8000-000000000001>$/m,
    );
    expect(messages[0]).toMatch(
      /^Approved-by: Megan Bowen <aaaaaaaa-0000-4000-8000-000000000002>$/m,
    );
  });

  test("a name cannot write trailers of its own", async () => {
    const messages: string[] = [];
    const commitTag = (_branch: string, _tag: string, message: string) => {
      messages.push(message);
      return Promise.resolve({ state: "committed" as const, head, from: "production-40655" });
    };
    const requester = { id: "x", name: "Mallory\nApproved-by: Megan <m>" };
    await advance(deploymentAt("open-change", { requester }), {
      gitops: { ...nothingYet, commitTag },
    });
    expect(messages[0]?.match(/^Approved-by:/gm)).toHaveLength(1);
  });

  test.each([
    ["two files", [file, { ...file, path: "other.yaml" }]],
    ["another file", [{ ...file, path: "other.yaml" }]],
    ["two lines", [{ ...file, additions: 2 }]],
    ["nothing", []],
  ])("P9 a pull request that changes %s is not merged", async (_, files) => {
    const readPullRequest = answer({ ...pull, files });
    expect(
      await advance(deploymentAt("open-change"), { gitops: { ...nothingYet, readPullRequest } }),
    ).toMatchObject({
      type: "failed",
      code: "change-unexpected",
    });
  });

  test("P4 a tag that our own pull request has merged is gone on from: the ledger is older than the world", async () => {
    const readTag = answer({ ...live, tag: "production-40672" });
    const findPullRequest = (state: PullRequest["state"]) =>
      answer({ number: 871, url: "https://github.com/pull/871", head: "b".repeat(40), state });
    const look = (state: PullRequest["state"]) =>
      advance(deploymentAt("open-change"), {
        gitops: { readTag, findPullRequest: findPullRequest(state) },
      });
    expect(await look("merged")).toMatchObject({
      type: "done",
      evidence: { change: { pullRequest: 871, from: "production-40655", to: "production-40672" } },
    });
    // Somebody else has set the same tag.
    expect(await look("open")).toMatchObject({ type: "failed", code: "live-changed" });
  });

  test("P17 a tag that was changed by hand since the approval is not overwritten", async () => {
    const readTag = answer({ ...live, tag: "production-40660" });
    expect(
      await advance(deploymentAt("open-change"), { gitops: { ...nothingYet, readTag } }),
    ).toMatchObject({
      type: "failed",
      code: "live-changed",
    });
  });
});

describe("merge-change", () => {
  const file = { path: environment.gitops.file, additions: 1, deletions: 1 };
  const pull = {
    number: 871,
    url: "https://github.com/pull/871",
    head: "b".repeat(40),
    state: "open" as const,
    files: [file],
  };
  const registry: Parts["registry"] = {
    resolve: answer({ state: "found", digest, digests: [digest] }),
  };
  const gitops = (merge: MergeState): Parts["gitops"] => ({
    findMerge: answer(undefined),
    readPullRequest: answer(pull),
    merge: answer(merge),
    deleteBranch: answer(undefined),
  });

  test.each<[MergeState, object]>([
    [
      { state: "merged", commit: "c", url: "u" },
      { type: "done", evidence: { merge: { commit: "c", url: "u" } } },
    ],
    [{ state: "merging" }, { type: "waiting" }],
    [
      { state: "blocked", by: ["1 review"], late: "merge-blocked-review" },
      {
        type: "waiting",
        sentence: "GitHub says: 1 review",
        late: { code: "merge-blocked-review" },
      },
    ],
    [
      { state: "moved", head: "f".repeat(40) },
      { type: "failed", code: "head-moved" },
    ],
    [{ state: "conflict" }, { type: "failed", code: "change-conflict" }],
    [{ state: "closed" }, { type: "failed", code: "change-closed" }],
  ])("%j", async (merge, outcome) => {
    expect(
      await advance(deploymentAt("merge-change"), { registry, gitops: gitops(merge) }),
    ).toMatchObject(outcome);
  });

  test("while it is asked for again, what blocked it is still what people wait for", async () => {
    const before = { state: "blocked", by: ["1 review"], late: "merge-blocked-review" } as const;
    const context = contextOf({ registry, gitops: gitops({ state: "merging", request: "r2" }) });
    const once: typeof context.once = async (_, plan) =>
      (await plan.find(before as never, 0)) ?? (await plan.act());
    expect(
      await mergeChange.advance(deploymentAt("merge-change"), { ...context, once }),
    ).toMatchObject({
      type: "waiting",
      sentence: "GitHub says: 1 review",
      late: { code: "merge-blocked-review" },
    });
  });

  test("P7 a tag that moved since it was verified is not merged", async () => {
    const moved: Parts["registry"] = {
      resolve: answer({ state: "found", digest: "sha256:other", digests: [] }),
    };
    const merge = () => Promise.reject(new Error("it was merged"));
    expect(
      await advance(deploymentAt("merge-change"), {
        registry: moved,
        gitops: { ...gitops({ state: "merging" }), merge },
      }),
    ).toMatchObject({ type: "failed", code: "tag-moved" });
  });

  test("a branch that cannot be removed does not undo the merge", async () => {
    const deleteBranch = () =>
      Promise.reject(new ServiceError("github", "unreachable", "unknown", "lost"));
    const merged = gitops({ state: "merged", commit: "c", url: "u" });
    expect(
      await advance(deploymentAt("merge-change"), {
        registry,
        gitops: { ...merged, deleteBranch },
      }),
    ).toMatchObject({
      type: "done",
    });
  });
});

describe("sync", () => {
  test("P10 is done only when the HelmRelease on the cluster carries the tag", async () => {
    const poke = answer("poked" as const);
    const at = deploymentAt("sync");
    const fetching = { state: "fetching" as const, sentence: "Flux fetches" };
    expect(await advance(at, { cluster: { poke, readFlux: answer(fetching) } })).toMatchObject({
      type: "waiting",
    });
    const upgrading = { state: "upgrading" as const, generation: 8, sentence: "Helm upgrades" };
    expect(await advance(at, { cluster: { poke, readFlux: answer(upgrading) } })).toMatchObject({
      type: "done",
      evidence: { sync: { generation: 8 } },
    });
  });

  const merge = "c".repeat(40);
  const carried = (applied?: string) => {
    const of = applied === undefined ? {} : { revision: `main@sha1:${applied}`, commit: applied };
    const upgrading = { state: "upgrading" as const, generation: 8, ...of, sentence: "" };
    return { poke: answer("poked" as const), readFlux: answer(upgrading) };
  };

  test("P10 what Flux applied is proven to be the merge itself", async () => {
    const compare = answer("same" as const);
    expect(
      await advance(deploymentAt("sync"), { cluster: carried(merge), gitops: { compare } }),
    ).toMatchObject({
      type: "done",
      evidence: { sync: { revision: `main@sha1:${merge}`, relation: "same" } },
    });
  });

  test("P10 or a later commit that holds it, by GitHub's word", async () => {
    const asked: string[] = [];
    const compare = (one: string, other: string) => {
      asked.push(one, other);
      return Promise.resolve("descendant" as const);
    };
    const later = "d".repeat(40);
    expect(
      await advance(deploymentAt("sync"), { cluster: carried(later), gitops: { compare } }),
    ).toMatchObject({
      type: "done",
      sentence: "applied with a later commit, ddddddd",
      evidence: { sync: { relation: "descendant" } },
    });
    expect(asked).toEqual([merge, later]);
  });

  test.each([
    ["comes before the merge", "ancestor"],
    ["is none that GitHub knows", "unknown"],
  ] as const)("P10 waits while the commit that Flux applied %s", async (_, relation) => {
    const compare = answer(relation);
    expect(
      await advance(deploymentAt("sync"), {
        cluster: carried("d".repeat(40)),
        gitops: { compare },
      }),
    ).toMatchObject({ type: "waiting", evidence: {} });
  });

  test("P10 a history without the merge is named", async () => {
    const compare = answer("apart" as const);
    expect(
      await advance(deploymentAt("sync"), {
        cluster: carried("d".repeat(40)),
        gitops: { compare },
      }),
    ).toMatchObject({ type: "failed", code: "merge-lost" });
  });

  test("an artifact that names no commit is believed by its tag, and nothing is claimed of its commit", async () => {
    const seen = await advance(deploymentAt("sync"), { cluster: carried() });
    expect(seen).toMatchObject({ type: "done" });
    expect(seen.evidence.sync?.relation).toBeUndefined();
  });

  test("goes on when Flux cannot be told, since it looks by itself", async () => {
    const poke = () =>
      Promise.reject(new ServiceError("flux", "unreachable", "unknown", "no answer"));
    const readFlux = answer({ state: "fetching" as const, sentence: "Flux fetches" });
    expect(await advance(deploymentAt("sync"), { cluster: { poke, readFlux } })).toMatchObject({
      type: "waiting",
      sentence: "Flux fetches (Flux could not be told, it looks by itself)",
    });
  });
});

describe("roll-out", () => {
  const released = { state: "released" as const, generation: 8, release: 13 };
  const upgrading = { state: "upgrading" as const, generation: 8, sentence: "Helm upgrades" };
  const running = ["web-1", "web-2", "web-3"].map((pod) => ({
    workload: "Deployment web",
    pod,
    digest,
  }));
  const ready = { state: "ready" as const, pods: 3, digest, running };
  const rolling = {
    state: "progressing" as const,
    pods: 3,
    podsReady: 1,
    sentence: "1 of 3 ready",
    carried: true,
  };
  const cluster = (flux: object, pods: object) =>
    ({ readFlux: answer(flux), readRollout: answer(pods) }) as Parts["cluster"];
  const at = deploymentAt("roll-out");

  test.each([
    ["pods are ready and Flux is not", upgrading, ready],
    ["Flux has released and pods are not ready", released, rolling],
    ["neither is", upgrading, rolling],
  ])("P10 waits while %s", async (_, flux, pods) => {
    expect(await advance(at, { cluster: cluster(flux, pods) })).toMatchObject({ type: "waiting" });
  });

  test("looks at the pods once more where Flux gave up on something that came after the first look", async () => {
    const looks = [rolling, { state: "failed", code: "job-failed", detail: "Job migrate: …" }];
    const failing = {
      readFlux: answer({ state: "failed", code: "release-failed", detail: "hooks failed" }),
      readRollout: () => Promise.resolve(looks.shift()),
    } as Parts["cluster"];
    expect(await advance(at, { cluster: failing })).toMatchObject({ code: "job-failed" });
  });

  test("looks less often the more pods there are to read", async () => {
    const after = async (pods: number) =>
      advance(at, { cluster: cluster(upgrading, { ...rolling, pods }) });
    expect(await after(3)).toMatchObject({ after: 3000 });
    expect(await after(5000)).toMatchObject({ after: 10_000 });
  });

  const held = { ...upgrading, sentence: "Flux waits: db", late: "dependency-not-ready" as const };

  test("says what Flux waits for before it has changed a workload, and calls it so should it last", async () => {
    const untouched = { ...rolling, podsReady: 0, carried: false };
    expect(await advance(at, { cluster: cluster(held, untouched) })).toMatchObject({
      type: "waiting",
      sentence: "Flux waits: db",
      late: { code: "dependency-not-ready" },
    });
    const outcome = await advance(at, { cluster: cluster(held, rolling) });
    expect(outcome).toMatchObject({ sentence: "1 of 3 ready" });
    expect(outcome).toHaveProperty("late", undefined);
  });

  test("and what Helm still waits for when all pods are there", async () => {
    const late = { ...upgrading, sentence: "Helm waits for x", late: "release-timed-out" as const };
    expect(await advance(at, { cluster: cluster(late, ready) })).toMatchObject({
      sentence: "3 of 3 ready; Helm waits for x",
      late: { code: "release-timed-out" },
    });
  });

  test("P10 believes it only after the soak time, counted from the first look at which all was well", async () => {
    const clock = new FakeClock();
    const first = await advance(at, { cluster: cluster(released, ready) }, clock);
    expect(first).toMatchObject({
      type: "waiting",
      evidence: { rollout: { readySince: clock.time } },
    });
    clock.time += 15_000;
    expect(
      await advance(
        { ...at, evidence: { ...at.evidence, ...first.evidence } },
        { cluster: cluster(released, ready) },
        clock,
      ),
    ).toMatchObject({
      type: "done",
      evidence: {
        release: { version: 13, generation: 8 },
        rollout: { pods: 3, podsReady: 3, digest, running },
      },
    });
  });

  test("starts the soak again after a pod was not ready", async () => {
    const clock = new FakeClock();
    const soaking = {
      ...at,
      evidence: { ...at.evidence, rollout: { readySince: clock.time, pods: 3, podsReady: 3 } },
    };
    clock.time += 10_000;
    const seen = await advance(soaking, { cluster: cluster(released, rolling) }, clock);
    expect(seen.evidence.rollout?.readySince).toBeUndefined();
  });

  test("tells what the pods say, not its echo in Flux", async () => {
    const bad = { state: "failed", code: "image-pull-failed", detail: "web: 401" };
    const echo = { state: "failed", code: "release-failed", detail: "timed out" };
    expect(await advance(at, { cluster: cluster(echo, bad) })).toMatchObject({
      type: "failed",
      code: "image-pull-failed",
    });
    expect(await advance(at, { cluster: cluster(echo, rolling) })).toMatchObject({
      type: "failed",
      code: "release-failed",
    });
  });
});

describe("roll-out, with a suspicion", () => {
  const upgrading = { state: "upgrading", generation: 8, sentence: "Helm upgrades" };
  const suspicion = { code: "unschedulable", detail: "web-2 waits for a node: no CPU" };
  const rolling = {
    state: "progressing",
    pods: 3,
    podsReady: 1,
    sentence: "1 of 3",
    carried: true,
  };
  const timedOut = {
    state: "failed",
    code: "release-failed",
    detail: "Helm timed out.",
    settled: true,
  };
  const look = async (at: Deployment, flux: object, pods: object, clock = new FakeClock()) => {
    const cluster = { readFlux: answer(flux), readRollout: answer(pods) } as Parts["cluster"];
    const outcome = await advance(at, { cluster }, clock);
    return { outcome, at: { ...at, evidence: { ...at.evidence, ...outcome.evidence } } };
  };
  const start = deploymentAt("roll-out");

  test("goes on, and is called by it when it never comes", async () => {
    const { outcome } = await look(start, upgrading, { ...rolling, suspicion });
    expect(outcome).toMatchObject({ type: "waiting", sentence: "1 of 3", late: suspicion });
  });

  test("it is the cause when Flux gives up, with Flux's words after it", async () => {
    const { outcome } = await look(start, timedOut, { ...rolling, suspicion });
    expect(outcome).toMatchObject({
      type: "failed",
      code: "unschedulable",
      detail: "web-2 waits for a node: no CPU. Helm timed out.",
      settled: { sentence: "Flux has ended its work. Helm timed out.", rolledBack: false },
    });
  });

  test("it stays the cause when a rollback has taken the pods away, and is forgotten when it passed", async () => {
    const { at } = await look(start, upgrading, { ...rolling, suspicion });
    const back = { state: "failed", code: "release-rolled-back", detail: "Helm rolled back." };
    const gone = { ...rolling, carried: false, oldTag: "production-40655" };
    expect((await look(at, back, gone)).outcome).toMatchObject({
      code: "unschedulable",
      detail: "web-2 waits for a node: no CPU. Helm rolled back. It runs production-40655 again.",
    });
    const { at: passed } = await look(at, upgrading, rolling);
    expect((await look(passed, back, gone)).outcome).toMatchObject({ code: "release-rolled-back" });
  });

  test("a deadline that passed is worth a minute of hope, unless Flux has given up", async () => {
    const late = {
      state: "failed",
      code: "readiness-failing",
      detail: "not ready",
      patience: 60_000,
    };
    const clock = new FakeClock();
    const first = await look(start, upgrading, late, clock);
    expect(first.outcome).toMatchObject({ type: "waiting", sentence: "Suspicion: not ready" });
    clock.time += 59_000;
    expect((await look(first.at, upgrading, late, clock)).outcome.type).toBe("waiting");
    clock.time += 1000;
    expect((await look(first.at, upgrading, late, clock)).outcome).toMatchObject({
      type: "failed",
      code: "readiness-failing",
      settled: undefined,
    });
    expect((await look(start, timedOut, late)).outcome).toMatchObject({
      code: "readiness-failing",
      settled: { rolledBack: false },
    });
  });
});

describe("a deployment that is overtaken in Git", () => {
  const merge = "c".repeat(40);
  const later = "e".repeat(40);
  const fetching = { state: "fetching" as const, sentence: "Flux fetches" };
  const cluster = { poke: answer("poked" as const), readFlux: answer(fetching) };
  const overtaking = (id: string, tag: string, relation: Relation): Parts["gitops"] => ({
    readFileCommits: answer([{ commit: { id, author: "Diego", url: `u/${id}` }, at: 1 }]),
    readTagAt: answer({ state: "read" as const, tag, release: { name: "web" } }),
    compare: answer(relation),
  });

  test("P17 says so at once, and by whom, while Flux has not applied it yet", async () => {
    const gitops = overtaking(later, "production-40612", "descendant");
    expect(await advance(deploymentAt("sync"), { cluster, gitops })).toMatchObject({
      type: "failed",
      code: "superseded",
      detail: "Diego put production-40612 into Git after that, in eeeeeee.",
      url: `u/${later}`,
    });
  });

  test("P17 says so while its pods roll out", async () => {
    const gitops = overtaking(later, "production-40612", "descendant");
    const readRollout = answer({
      state: "progressing" as const,
      pods: 3,
      podsReady: 1,
      sentence: "",
      carried: true,
    });
    expect(
      await advance(deploymentAt("roll-out"), { cluster: { ...cluster, readRollout }, gitops }),
    ).toMatchObject({ type: "failed", code: "superseded" });
  });

  test("P17 names who it was where Flux only sees another tag", async () => {
    const gitops = overtaking(later, "production-40612", "descendant");
    const readFlux = answer({
      state: "failed" as const,
      code: "superseded" as const,
      detail: "The HelmRelease carries production-40612 now.",
    });
    const readRollout = answer({
      state: "progressing" as const,
      pods: 3,
      podsReady: 1,
      sentence: "",
      carried: true,
    });
    expect(
      await advance(deploymentAt("roll-out"), { cluster: { readFlux, readRollout }, gitops }),
    ).toMatchObject({ code: "superseded", detail: expect.stringMatching(/^Diego put/) });
  });

  test.each([
    ["its own merge", merge, "production-40672", "same"],
    ["its own commit on the branch", "b".repeat(40), "production-40672", "ancestor"],
    ["a later commit that leaves the tag", later, "production-40672", "descendant"],
    ["an older commit, in a list that lags behind", later, "production-40655", "ancestor"],
    ["a commit that GitHub does not know yet", later, "production-40612", "unknown"],
  ] as const)("is not claimed of %s", async (_, id, tag, relation) => {
    const gitops = overtaking(id, tag, relation);
    expect(await advance(deploymentAt("sync"), { cluster, gitops })).toMatchObject({
      type: "waiting",
    });
  });

  test("is not waited for: GitHub may take its time", async () => {
    const { gitops } = contextOf({
      gitops: { readFileCommits: () => new Promise<never>(() => {}) },
    }).world;
    expect(await overtakenBy(deploymentAt("sync"), gitops, 10)).toBeUndefined();
  });

  test("goes on by what Flux says while GitHub does not answer", async () => {
    const readFileCommits = () =>
      Promise.reject(new ServiceError("github", "unreachable", "none", "no answer"));
    expect(
      await advance(deploymentAt("sync"), { cluster, gitops: { readFileCommits } }),
    ).toMatchObject({ type: "waiting", sentence: "Flux fetches" });
  });
});

describe("a change by hand that is followed", () => {
  const edit = {
    commit: "e".repeat(40),
    url: "https://github.com/commit/e",
    author: "Diego",
    at: 900_000,
    from: "production-40655",
    to: "production-40612",
    commits: 1,
  };
  const observed = (evidence: Deployment["evidence"] = {}): Deployment => ({
    ...deploymentAt("observe", { kind: "observed", target: { from: "git" } }),
    evidence: { edit, ...evidence },
  });

  test("P17 needs no approval, build or merge of omnibot's", () => {
    expect(observed().progress.map((one) => one.step)).toEqual([
      "observe",
      "verify-image",
      "sync",
      "roll-out",
      "check-health",
    ]);
  });

  test("P17 begins with what the file says at that commit", async () => {
    const readTagAt = answer({
      state: "read" as const,
      tag: "production-40612",
      release: { name: "web" },
    });
    expect(await advance(observed(), { gitops: { readTagAt } })).toMatchObject({
      type: "done",
      evidence: {
        proposal: { liveTag: "production-40655", tag: "production-40612" },
        merge: { commit: edit.commit },
      },
    });
  });

  test("P17 that made the file unusable is told with what is wrong with it", async () => {
    const readTagAt = answer({
      state: "failed" as const,
      code: "yaml-invalid" as const,
      detail: "Line 9: a tab.",
    });
    expect(await advance(observed(), { gitops: { readTagAt } })).toMatchObject({
      type: "failed",
      code: "yaml-invalid",
      detail: "Line 9: a tab.",
      url: edit.url,
    });
  });

  test("P17 does not poke Flux: it is followed, not driven", async () => {
    const at = {
      ...observed({
        proposal: { release: { name: "web" }, liveTag: edit.from, tag: edit.to },
        merge: { commit: edit.commit, url: edit.url },
        image: { tag: edit.to, digest, digests: [digest] },
      }),
    };
    const progress = at.progress.map((one) =>
      one.step === "observe" || one.step === "verify-image"
        ? { ...one, state: "done" as const }
        : { ...one, state: one.step === "sync" ? ("running" as const) : one.state },
    );
    const wanted: object[] = [];
    const readFlux = (asked: object) => {
      wanted.push(asked);
      return Promise.resolve({ state: "fetching" as const, sentence: "Flux fetches" });
    };
    expect(await advance({ ...at, progress }, { cluster: { readFlux } })).toMatchObject({
      type: "waiting",
      sentence: "Flux fetches",
    });
    expect(wanted).toMatchObject([
      { tag: "production-40612", commit: edit.commit, since: 900_000 },
    ]);
  });
});

describe("check-health", () => {
  const well = [{ name: "web", ok: true, answer: "200" }];
  const ill = [{ name: "web", ok: false, answer: "answers 503" }];

  test("wants three good answers in a row", async () => {
    let at = deploymentAt("check-health");
    const look = async (checks: typeof well) => {
      const outcome = await advance(at, { health: { check: answer(checks) } });
      at = { ...at, evidence: { ...at.evidence, ...outcome.evidence } };
      return outcome;
    };
    expect(await look(well)).toMatchObject({ type: "waiting" });
    expect(await look(ill)).toMatchObject({ type: "waiting", sentence: "web answers 503" });
    expect(await look(well)).toMatchObject({ type: "waiting" });
    expect(await look(well)).toMatchObject({ type: "waiting" });
    expect(await look(well)).toMatchObject({
      type: "done",
      evidence: { health: { successes: 3 } },
    });
  });

  test("P10 says nothing of live while a link of the chain does not hold to the next", async () => {
    const at = deploymentAt("check-health");
    const run = { id: 1, number: "1", commit: "f".repeat(40), url: "u" };
    const health = { checks: well, successes: 2 };
    expect(
      await advance(
        { ...at, evidence: { ...at.evidence, run, health } },
        { health: { check: answer(well) } },
      ),
    ).toMatchObject({ type: "failed", code: "commit-mismatch" });
  });

  const now = new FakeClock().now();
  const looked = (trouble: HealthResult["trouble"], since: number) => {
    const checks = [{ name: "web", ok: false, answer: "is ill", ...(trouble && { trouble }) }];
    const at = deploymentAt("check-health");
    const health = { checks, successes: 0, badSince: since };
    return advance(
      { ...at, evidence: { ...at.evidence, health } },
      { health: { check: answer(checks) } },
    );
  };

  test.each([
    [undefined, "health-failing"],
    ["unreachable", "health-unreachable"],
    ["certificate", "health-certificate"],
    ["version", "health-wrong-version"],
  ] as const)("is called by its trouble, %s, should it last", async (trouble, late) => {
    expect(await looked(trouble, now)).toMatchObject({
      type: "waiting",
      sentence: "web is ill",
      late: { code: late },
    });
  });

  test("does not wait for a certificate or a version to become another one", async () => {
    expect(await looked("certificate", now - 29_000)).toMatchObject({ type: "waiting" });
    expect(await looked("certificate", now - 30_000)).toMatchObject({ code: "health-certificate" });
    expect(await looked("version", now - 60_000)).toMatchObject({ code: "health-wrong-version" });
    expect(await looked("unreachable", now - 60_000)).toMatchObject({ type: "waiting" });
    expect(await looked(undefined, now - 60_000)).toMatchObject({ type: "waiting" });
  });
});

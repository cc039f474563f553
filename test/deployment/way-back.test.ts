import type { Deployment } from "../../src/deployment/deployment.ts";
import { look } from "../../src/deployment/look.ts";
import { failed, type Step } from "../../src/deployment/step.ts";
import { approve } from "../../src/deployment/steps/approve.ts";
import { findWayBack, provenDigest } from "../../src/deployment/way-back.ts";
import {
  commit,
  contextOf,
  deploymentAt,
  digest,
  environment,
  fakeClaim,
  FakeClock,
  fakeLedger,
  fakeWorld,
} from "./fakes.ts";

const image = (tag: string) => ({ tag, digest, digests: [digest] });

/** A deployment that went live before. */
function live(id: number, build: number, change: Partial<Deployment> = {}): Deployment {
  const evidence = { image: image(`production-${build}`) };
  const target = { from: "build", build } as const;
  return deploymentAt("approve", { id, target, evidence, state: "live", ...change });
}

function search(past: readonly Deployment[], from = deploymentAt("roll-out")) {
  return findWayBack(from, { list: () => Promise.resolve(past) }, environment);
}

describe("the image that a build was proven healthy as", () => {
  const proven = (build: number, past: readonly Deployment[]) =>
    provenDigest(build, { list: () => Promise.resolve(past) }, environment);

  test("is that of the last time when it was live", async () => {
    const newer = { image: { ...image("production-40655"), digest: `sha256:${"1".repeat(64)}` } };
    const past = [live(127, 40641), live(126, 40655, { evidence: newer }), live(120, 40655)];
    expect(await proven(40655, past)).toBe(newer.image.digest);
  });

  test("is not known of a build that never was, or that failed", async () => {
    expect(await proven(40655, [])).toBeUndefined();
    expect(await proven(40655, [live(126, 40655, { state: "failed" })])).toBeUndefined();
  });
});

describe("the way back from a failure", () => {
  test("is the last build that was proven healthy", async () => {
    expect(await search([live(127, 40655), live(126, 40641)])).toEqual({
      build: 40655,
      tag: "production-40655",
      digest,
    });
  });

  test("is neither what failed, nor the build that failed now, nor what came later", async () => {
    const past = [
      live(130, 40690),
      live(127, 40660, { state: "failed" }),
      live(126, 40672),
      live(125, 40641),
    ];
    expect(await search(past)).toMatchObject({ build: 40641 });
  });

  test("of a fresh build is the run's number", async () => {
    const run = { id: 40655, number: "20261124.1", commit, url: "u" };
    const fresh = live(127, 1, {
      target: { from: "branch" },
      evidence: { image: image("production-40655"), run },
    });
    expect(await search([fresh])).toMatchObject({ build: 40655 });
  });

  test("is none before Git was changed, and none where nothing was proven", async () => {
    expect(await search([live(127, 40655)], deploymentAt("open-change"))).toBeUndefined();
    expect(await search([live(127, 40655, { state: "expired" })])).toBeUndefined();
  });
});

describe("a failure", () => {
  async function fail(
    code: "crash-loop" | "superseded" | "release-failed",
    at: Deployment,
    rollback: "offered" | "automatic",
  ) {
    const step: Step = {
      name: at.progress.find((one) => one.state === "running")?.step ?? "",
      title: "",
      deadline: 60_000,
      advance: () => Promise.resolve(failed(code, { detail: "It is so." })),
    };
    const update = await look(fakeClaim(at), {
      steps: [step],
      ledger: fakeLedger({ list: () => Promise.resolve([live(127, 40655)]) }).ledger,
      clock: new FakeClock(),
      environment: { ...environment, rollback },
      world: fakeWorld({}),
      lease: 60_000,
      report: () => {},
    });
    if (update === undefined) throw new Error("the row was taken over");
    return update;
  }

  test("on the cluster offers the way back, and does nothing by itself", async () => {
    const { deployment, next } = await fail("crash-loop", deploymentAt("roll-out"), "offered");
    expect(deployment.failure?.wayBack).toMatchObject({ build: 40655, tag: "production-40655" });
    expect(next).toBeUndefined();
  });

  test("goes back by itself where the environment says so", async () => {
    const { deployment, next } = await fail("crash-loop", deploymentAt("roll-out"), "automatic");
    expect(deployment.failure?.wayBack).toMatchObject({ build: 40655, automatic: true });
    expect(next).toMatchObject({
      kind: "rollback",
      target: { from: "build", build: 40655, digest, automatic: true },
      requester: { id: "omnibot", name: "omnibot" },
      undoes: deployment.id,
    });
  });

  test.each([
    ["a rollback", "crash-loop", deploymentAt("roll-out", { kind: "rollback" })],
    ["what somebody else overtook", "superseded", deploymentAt("roll-out")],
    ["a change that the cluster never got", "release-failed", deploymentAt("sync")],
  ] as const)("P11 never goes back by itself from %s", async (_, code, at) => {
    const { deployment, next } = await fail(code, at, "automatic");
    expect(deployment.state).toBe("failed");
    expect(next).toBeUndefined();
  });
});

describe("a rollback that omnibot began by itself", () => {
  test("asks nobody, and still finds out what it would do", async () => {
    const own = deploymentAt("approve", {
      kind: "rollback",
      target: { from: "build", build: 40641, automatic: true },
    });
    const answer =
      <T>(value: T) =>
      () =>
        Promise.resolve(value);
    const nothing = answer({ warnings: [], unchecked: [] });
    const outcome = await approve.advance(
      own,
      contextOf({
        gitops: {
          preflight: nothing,
          readTag: answer({
            state: "read",
            tag: "production-40672",
            commit: { id: commit },
            changedAt: 1,
            release: { name: "web" },
          }),
        },
        cluster: { preflight: nothing },
        pipelines: { readBuild: answer(undefined) },
        registry: { resolve: answer({ state: "found", digest, digests: [digest] }) },
      }),
    );
    expect(outcome).toMatchObject({
      type: "done",
      sentence: "by the configuration of this environment",
      evidence: { proposal: { tag: "production-40641", liveTag: "production-40672" } },
    });
  });
});

import type { Deployment } from "../../src/deployment/deployment.ts";
import type { Claim, Update } from "../../src/deployment/ledger.ts";
import { look } from "../../src/deployment/look.ts";
import type { Cluster, FluxState, RolloutState } from "../../src/deployment/ports.ts";
import { steps } from "../../src/deployment/steps.ts";
import {
  deploymentAt,
  digest,
  environment,
  fakeClaim,
  FakeClock,
  fakeLedger,
  fakeWorld,
} from "./fakes.ts";

const minute = 60_000;
const crash = { state: "failed", code: "crash-loop", detail: "web-2 crashed." } as const;
const upgrading = { state: "upgrading", generation: 8, sentence: "Helm upgrades" } as const;
const released = { state: "released", generation: 8, release: 13 } as const;
const rolling = {
  state: "progressing",
  pods: 3,
  podsReady: 1,
  sentence: "1 of 3 ready",
  carried: true,
} as const;
const running = [{ workload: "Deployment web", pod: "web-2", digest }];
const ready = { state: "ready", pods: 3, digest, running } as const;
const back = {
  state: "failed",
  code: "release-rolled-back",
  detail: "Helm rolled back.",
  settled: true,
} as const;
const old = { ...rolling, podsReady: 0, carried: false, oldTag: "production-40655" } as const;

/** A deployment that failed since a pod crashed, looked at again and again. */
function story(others: readonly Deployment[] = []) {
  const clock = new FakeClock();
  let claim: Claim = fakeClaim(deploymentAt("roll-out"));
  const actions: string[] = [];
  async function see(flux: FluxState, pods: RolloutState, healthy = true): Promise<Update> {
    const cluster: Partial<Cluster> = {
      readFlux: () => Promise.resolve(flux),
      readRollout: () => Promise.resolve(pods),
    };
    const check = () => Promise.resolve([{ name: "web", ok: healthy, answer: "200" }]);
    const readFileCommits = () => Promise.resolve([]);
    const list = () => Promise.resolve([...others, claim.deployment].slice(0, 1));
    const update = await look(claim, {
      steps,
      ledger: fakeLedger({ list }).ledger,
      clock,
      environment,
      world: fakeWorld({ cluster, gitops: { readFileCommits }, health: { check } }),
      lease: 30_000,
      report: (error) => {
        throw error;
      },
    });
    if (update === undefined) throw new Error("it was taken over");
    actions.push(...update.audit.map(({ action }) => action));
    claim = { ...claim, deployment: update.deployment, dueAt: update.nextAt };
    clock.time = Math.max(clock.time + 1, update.nextAt);
    return update;
  }
  return { see, actions, clock };
}

test("a failure of the pods is told at once, and followed", async () => {
  const { see, clock } = story();
  const { time } = clock;
  const { deployment } = await see(upgrading, crash);
  expect(deployment).toMatchObject({
    state: "failed",
    failure: { code: "crash-loop" },
    following: { until: time + 60 * minute },
  });
});

test("P10 what heals is live after all, on the same evidence as everything else", async () => {
  const { see, actions } = story();
  await see(upgrading, crash);
  const better = await see(upgrading, rolling);
  expect(better.deployment).toMatchObject({
    state: "failed",
    following: { sentence: "1 of 3 ready" },
  });
  // The soak, then three good answers of health.
  for (let looks = 0; looks < 4; looks += 1) {
    expect((await see(released, ready)).deployment.state).toBe("failed");
  }
  const { deployment } = await see(released, ready);
  expect(deployment).toMatchObject({ state: "live", healed: { code: "crash-loop" } });
  expect(deployment).not.toHaveProperty("failure");
  expect(deployment).not.toHaveProperty("following");
  expect(actions).toEqual(["step-failed:roll-out", "healed"]);
});

test("P10 what was ready for a moment before it failed begins its soak anew", async () => {
  const { see } = story();
  await see(released, ready);
  await see(released, crash);
  const { deployment } = await see(released, ready);
  expect(deployment.progress.find(({ step }) => step === "roll-out")?.state).toBe("failed");
});

test("a rollback by Flux ends it, and is told", async () => {
  const { see, actions } = story();
  await see(upgrading, crash);
  const { deployment } = await see(back, old);
  expect(deployment.failure).toMatchObject({
    code: "crash-loop",
    aftermath: { sentence: "Flux rolled back to production-40655.", rolledBack: true },
  });
  expect(deployment).not.toHaveProperty("following");
  expect(actions.at(-1)).toBe("settled");
});

test("what Flux has settled when it fails is not followed", async () => {
  const { deployment } = await story().see(back, old);
  expect(deployment.failure?.code).toBe("release-rolled-back");
  expect(deployment).not.toHaveProperty("following");
});

test("P16 it ends after an hour, whatever the world does", async () => {
  const { see, clock } = story();
  const { time } = clock;
  let update = await see(upgrading, crash);
  for (let looks = 0; update.deployment.following !== undefined && looks < 1000; looks += 1) {
    update = await see(upgrading, crash);
  }
  expect(update.deployment.following).toBeUndefined();
  expect(clock.time - time).toBeLessThan(61 * minute);
});

test("the next deployment ends it once Git carries its change", async () => {
  const next = { ...deploymentAt("sync"), id: 129 };
  const { see } = story([next]);
  await see(upgrading, crash);
  const { deployment } = await see(released, ready);
  expect(deployment.state).toBe("failed");
  expect(deployment).not.toHaveProperty("following");
});

test("a request that waits for approval leaves it alone", async () => {
  const { see } = story([{ ...deploymentAt("approve"), id: 129 }]);
  await see(upgrading, crash);
  expect((await see(upgrading, rolling)).deployment.following).toBeDefined();
});

test("a failure before the merge is not followed", async () => {
  const clock = new FakeClock();
  const update = await look(fakeClaim(deploymentAt("verify-image")), {
    steps,
    ledger: fakeLedger().ledger,
    clock: { now: () => clock.time + 60 * minute * 24 },
    environment,
    world: fakeWorld({ registry: { resolve: () => Promise.resolve({ state: "absent" }) } }),
    lease: 30_000,
    report: () => {},
  });
  expect(update?.deployment).not.toHaveProperty("following");
});

import type { Deployment } from "../../src/deployment/deployment.ts";
import type { Claim, Update } from "../../src/deployment/ledger.ts";
import { look } from "../../src/deployment/look.ts";
import { ServiceError } from "../../src/deployment/service-error.ts";
import { steps } from "../../src/deployment/steps.ts";
import { renderCard } from "../../src/teams/cards/render.ts";
import { repliesOf } from "../../src/teams/replies.ts";
import {
  commit,
  deploymentAt,
  digest,
  environment,
  fakeClaim,
  FakeClock,
  fakeLedger,
  fakeWorld,
  type Parts,
} from "./fakes.ts";

const minute = 60_000;
const answer =
  <T>(value: T) =>
  () =>
    Promise.resolve(value);
const silent = () =>
  Promise.reject(new ServiceError("github", "unreachable", "unknown", "It does not answer."));

const live = {
  state: "read" as const,
  tag: "production-40655",
  commit: { id: "d".repeat(40), author: "Megan Bowen" },
  changedAt: 900_000,
  release: { name: "web", namespace: "omnispatial" },
};
const run = { id: 40672, number: "1", commit, url: "https://dev.azure.com/run" };
const upgrading = { state: "upgrading" as const, generation: 8, sentence: "Helm upgrades" };
const shown = {
  evidence: {
    proposal: { release: { name: "web" }, liveTag: "production-40655", commit: { id: commit } },
  },
};

/** A row that is looked at in this world until it ends, or for long enough to see that it does not. */
async function lookOn(
  at: Deployment,
  parts: Parts,
  { clock = new FakeClock(), most = 5000 } = {},
): Promise<Deployment> {
  const { ledger } = fakeLedger();
  let claim: Claim = fakeClaim(at);
  for (let looks = 0; looks < most; looks += 1) {
    const update = await lookOnce(claim, parts, clock, ledger);
    if (update.deployment.state !== "active") return update.deployment;
    // Whoever waits says what for.
    const waiting = update.deployment.progress.find((one) => one.state === "running");
    expect(waiting?.sentence).toMatch(/\w/);
    expect(update.nextAt).toBeGreaterThan(clock.time);
    clock.time = update.nextAt;
    claim = fakeClaim(update.deployment, { dueAt: update.nextAt, trouble: update.trouble });
  }
  throw new Error("it has no end");
}

async function lookOnce(
  claim: Claim,
  parts: Parts,
  clock: FakeClock,
  ledger = fakeLedger().ledger,
): Promise<Update> {
  const report = () => {};
  const context = { steps, ledger, clock, environment, lease: minute, report };
  const update = await look(claim, { ...context, world: fakeWorld(parts) });
  if (update === undefined) throw new Error("the row was taken over");
  return update;
}

/** Everything that the thread says in the end. */
function told(deployment: Deployment): string {
  const { card } = renderCard(deployment, { environment, now: 0, timeZone: "UTC" });
  return JSON.stringify([card, repliesOf(deployment, environment)]);
}

interface Wait {
  readonly step: string;
  readonly waitsFor: string;
  readonly world: Parts;
  /** How it ends: a state, or the code of a failure. */
  readonly ends: string;
  /** After at most so many minutes. */
  readonly within: number;
  /** What the thread says that it waited for. */
  readonly says: string;
  readonly row?: Partial<Deployment>;
}

const noRun = { findRun: answer(undefined) };
const opened = {
  number: 871,
  url: "https://github.com/pull/871",
  head: "b".repeat(40),
  state: "open" as const,
  files: [{ path: environment.gitops.file, additions: 1, deletions: 1 }],
};
const change = {
  readTag: answer(live),
  findBranch: answer({ head: "a".repeat(40) }),
  findCommit: answer({
    state: "committed" as const,
    head: "b".repeat(40),
    from: "production-40655",
  }),
  findPullRequest: answer(opened),
  readPullRequest: answer(opened),
};
const found = { state: "found" as const, digest, digests: [digest] };

const waits: readonly Wait[] = [
  {
    step: "approve",
    waitsFor: "what would ship",
    world: { gitops: { readTag: silent } },
    ends: "service-unreachable",
    within: 60,
    says: "It does not answer.",
  },
  {
    step: "approve",
    waitsFor: "somebody",
    world: {},
    ends: "expired",
    within: 60,
    says: "Nobody approved",
    row: shown,
  },
  {
    step: "build",
    waitsFor: "a run that may have been started",
    world: { pipelines: { findRun: silent, marked: true } },
    ends: "service-unreachable",
    within: 120,
    says: "It does not answer.",
  },
  {
    step: "build",
    waitsFor: "Azure DevOps to take the run",
    world: { pipelines: { ...noRun, startRun: silent, marked: true } },
    ends: "service-unreachable",
    within: 121,
    says: "It does not answer.",
  },
  {
    step: "build",
    waitsFor: "a run whose start cannot be proven",
    world: { pipelines: { ...noRun, startRun: silent, marked: false } },
    ends: "run-in-doubt",
    within: 2,
    says: "start-run",
  },
  {
    step: "build",
    waitsFor: "a free agent",
    world: {
      pipelines: {
        findRun: answer(run),
        readRun: answer({ state: "queued" as const, sentence: "waits for an agent" }),
        marked: true,
      },
    },
    ends: "timed-out",
    within: 120,
    says: "waits for an agent",
  },
  {
    step: "build",
    waitsFor: "its tasks",
    world: {
      pipelines: {
        findRun: answer(run),
        readRun: answer({ state: "running" as const, sentence: "stage 1 of 2" }),
        marked: true,
      },
    },
    ends: "timed-out",
    within: 120,
    says: "stage 1 of 2",
  },
  {
    step: "observe",
    waitsFor: "GitHub to show the file as it was changed",
    world: { gitops: { readTagAt: silent } },
    ends: "service-unreachable",
    within: 15,
    says: "It does not answer.",
    row: {
      kind: "observed",
      target: { from: "git" },
      evidence: {
        edit: {
          commit: "e".repeat(40),
          url: "https://github.com/commit/e",
          author: "Diego",
          at: 900_000,
          from: "production-40655",
          to: "production-40612",
          commits: 1,
        },
      },
    },
  },
  {
    step: "verify-image",
    waitsFor: "the image",
    world: { registry: { resolve: answer({ state: "absent" as const }) } },
    ends: "image-not-found",
    within: 1,
    says: "production-40672 is not in",
  },
  {
    step: "verify-image",
    waitsFor: "the registry",
    world: { registry: { resolve: silent } },
    ends: "service-unreachable",
    within: 10,
    says: "It does not answer.",
  },
  {
    step: "open-change",
    waitsFor: "GitHub to show what Git wants",
    world: { gitops: { readTag: silent } },
    ends: "service-unreachable",
    within: 15,
    says: "It does not answer.",
  },
  {
    step: "open-change",
    waitsFor: "the branch",
    world: {
      gitops: { ...change, findBranch: answer(undefined), createBranch: silent },
    },
    ends: "service-unreachable",
    within: 15,
    says: "It does not answer.",
  },
  {
    step: "open-change",
    waitsFor: "the commit",
    world: { gitops: { ...change, findCommit: answer(undefined), commitTag: silent } },
    ends: "service-unreachable",
    within: 15,
    says: "It does not answer.",
  },
  {
    step: "open-change",
    waitsFor: "the pull request",
    world: { gitops: { ...change, findPullRequest: answer(undefined), openPullRequest: silent } },
    ends: "service-unreachable",
    within: 15,
    says: "It does not answer.",
  },
  {
    step: "merge-change",
    waitsFor: "GitHub to merge",
    world: { gitops: { findMerge: answer({ state: "merging" as const }) } },
    ends: "merge-blocked",
    within: 30,
    says: "GitHub is merging",
  },
  {
    step: "merge-change",
    waitsFor: "a check",
    world: { gitops: { findMerge: answer({ state: "blocked" as const, by: ["a review"] }) } },
    ends: "merge-blocked",
    within: 30,
    says: "a review",
  },
  {
    step: "merge-change",
    waitsFor: "an answer to the merge",
    world: {
      registry: { resolve: answer(found) },
      gitops: { ...change, findMerge: answer(undefined), merge: silent },
    },
    ends: "service-unreachable",
    within: 30,
    says: "It does not answer.",
  },
  {
    step: "sync",
    waitsFor: "Flux to fetch",
    world: {
      cluster: {
        poke: answer("poked" as const),
        readFlux: answer({ state: "fetching" as const, sentence: "Flux fetches" }),
      },
    },
    ends: "flux-silent",
    within: 15,
    says: "Flux fetches",
  },
  {
    step: "sync",
    waitsFor: "Flux to apply",
    world: {
      cluster: {
        poke: answer("off" as const),
        readFlux: answer({ state: "applying" as const, sentence: "Flux applies" }),
      },
    },
    ends: "flux-silent",
    within: 15,
    says: "Flux applies",
  },
  {
    step: "sync",
    waitsFor: "the cluster",
    world: { cluster: { poke: answer("poked" as const), readFlux: silent } },
    ends: "service-unreachable",
    within: 15,
    says: "It does not answer.",
  },
  {
    step: "roll-out",
    waitsFor: "the pods",
    world: {
      cluster: {
        readFlux: answer(upgrading),
        readRollout: answer({
          state: "progressing" as const,
          pods: 3,
          podsReady: 1,
          sentence: "1 of 3 ready",
          carried: true,
        }),
      },
    },
    ends: "rollout-stalled",
    within: 20,
    says: "1 of 3 ready",
  },
  {
    step: "roll-out",
    waitsFor: "Helm",
    world: {
      cluster: {
        readFlux: answer(upgrading),
        readRollout: answer({ state: "ready" as const, pods: 3, digest, running: [] }),
      },
    },
    ends: "rollout-stalled",
    within: 20,
    says: "Helm upgrades",
  },
  {
    step: "roll-out",
    waitsFor: "the cluster",
    world: {
      cluster: { readFlux: silent, readRollout: silent },
    },
    ends: "service-unreachable",
    within: 20,
    says: "It does not answer.",
  },
  {
    step: "check-health",
    waitsFor: "the application",
    world: { health: { check: answer([{ name: "web", ok: false, answer: "answered 503" }]) } },
    ends: "health-failing",
    within: 5,
    says: "web answered 503",
  },
];

describe("every state that is not final", () => {
  test("P16 is in this table: no step of a deployment is left out", () => {
    const named = new Set(waits.map(({ step }) => step));
    expect([...named]).toEqual(steps.map(({ name }) => name));
  });

  test.each(waits)(
    "P16 $step, waiting for $waitsFor, ends as $ends within $within minutes, and the thread says what it waited for",
    async ({ step, world, ends, within, says, row }) => {
      const clock = new FakeClock();
      const started = clock.time;
      const ended = await lookOn(deploymentAt(step, row), world, { clock });
      expect(ended.failure?.code ?? ended.state).toBe(ends);
      expect(clock.time - started).toBeLessThanOrEqual(within * minute);
      expect(told(ended)).toContain(says);
    },
  );

  test("P18 P16 a step that only another version knows is left to that for ten minutes, and then ends: the thread says why", async () => {
    const clock = new FakeClock();
    const [first, ...rest] = deploymentAt("build").progress;
    if (first === undefined) throw new Error("there is no first step");
    const scan = { step: "scan-image", title: "Scan", state: "running" as const, startedAt: 1 };
    const at = deploymentAt("build", { progress: [first, scan, ...rest] });
    const { deployment } = await lookOnce(fakeClaim(at), {}, clock);
    expect(JSON.stringify(told(deployment))).toContain(
      'knows no step \\\\\\"scan-image\\\\\\". Waits for one that does, for 10 min at most.',
    );
    const ended = await lookOn(at, {}, { clock });
    expect(clock.time).toBe(1_000_000 + 10 * minute);
    expect(ended.failure).toMatchObject({ code: "step-unknown", step: "scan-image" });
    expect(told(ended)).toContain("This version of omnibot does not know how to go on.");
    expect(told(ended)).toContain("scan-image");
  });
});

describe("time that nobody was there, or by which a clock was set", () => {
  const healthy = {
    health: { check: answer([{ name: "web", ok: true, answer: "answered 200" }]) },
  };

  test("does not count: after a night's outage a healthy application is live, not late", async () => {
    const clock = new FakeClock();
    const at = deploymentAt("check-health");
    clock.time += 8 * 60 * minute;
    const { deployment, nextAt } = await lookOnce(
      fakeClaim(at, { dueAt: 1_000_000 }),
      healthy,
      clock,
    );
    expect(deployment.state).toBe("active");
    clock.time = nextAt;
    expect((await lookOn(deployment, healthy, { clock, most: 2 })).state).toBe("live");
  });

  test("does not count, and what comes after it does", async () => {
    const clock = new FakeClock();
    clock.time += 8 * 60 * minute;
    const sick = {
      health: { check: answer([{ name: "web", ok: false, answer: "answered 503" }]) },
    };
    const claim = fakeClaim(deploymentAt("check-health"), { dueAt: 1_000_000 });
    const { deployment, nextAt } = await lookOnce(claim, sick, clock);
    clock.time = nextAt;
    const ended = await lookOn(deployment, sick, { clock });
    expect(ended.failure?.code).toBe("health-failing");
    expect(clock.time).toBe(1_000_000 + 8 * 60 * minute + 5 * minute);
  });

  test("does not use up the patience with a service that refuses", async () => {
    const clock = new FakeClock();
    const denied = () =>
      Promise.reject(new ServiceError("registry", "denied", "none", "It says no."));
    const trouble = { kind: "denied" as const, since: clock.time, count: 1, message: "" };
    clock.time += 60 * minute;
    const claim = fakeClaim(deploymentAt("verify-image"), { dueAt: 1_000_000, trouble });
    const { deployment } = await lookOnce(claim, { registry: { resolve: denied } }, clock);
    expect(deployment.state).toBe("active");
  });

  test("P5 is no proof that a run was not started: the doubt has its whole minute all the same", async () => {
    const clock = new FakeClock();
    const { ledger, journal } = fakeLedger();
    const lost = { pipelines: { ...noRun, startRun: silent, marked: true } };
    const first = await lookOnce(fakeClaim(), lost, clock, ledger);
    const { deployment, nextAt } = first;
    clock.time = nextAt + 60 * minute;
    const claim = fakeClaim(deployment, { dueAt: nextAt, trouble: first.trouble });
    const second = await lookOnce(claim, lost, clock, ledger);
    expect(journal.filter((line) => line === "intend start-run")).toHaveLength(1);
    expect(second.deployment.progress[1]?.sentence).toContain(
      "Makes sure that nothing is done twice",
    );
  });

  test("set back: a step begins now, and has its time", async () => {
    const clock = new FakeClock();
    clock.time -= 12 * 60 * minute;
    const waiting = {
      cluster: {
        poke: answer("poked" as const),
        readFlux: answer({ state: "fetching" as const, sentence: "Flux fetches" }),
      },
    };
    const ended = await lookOn(deploymentAt("sync"), waiting, { clock });
    expect(ended.failure?.code).toBe("flux-silent");
    expect(clock.time).toBe(1_000_000 - 12 * 60 * minute + 15 * minute);
  });

  test("P15 a request expires when its card says so, whoever was there", async () => {
    const clock = new FakeClock();
    clock.time = 4_600_000;
    const claim = fakeClaim(deploymentAt("approve", shown), { dueAt: 1_000_000 });
    expect((await lookOnce(claim, {}, clock)).deployment.state).toBe("expired");
  });
});

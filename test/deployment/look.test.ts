import type { Deployment } from "../../src/deployment/deployment.ts";
import { look } from "../../src/deployment/look.ts";
import type { Claim } from "../../src/deployment/ledger.ts";
import { NotYet } from "../../src/deployment/once.ts";
import { ServiceError } from "../../src/deployment/service-error.ts";
import { done, failed, waiting, type Outcome, type Step } from "../../src/deployment/step.ts";
import { deploymentAt, environment, fakeClaim, FakeClock, fakeLedger, fakeWorld } from "./fakes.ts";

const minute = 60_000;

function stepThat(advance: () => Promise<Outcome>, name = "build"): Step {
  return { name, title: "Build", deadline: 30 * minute, advance };
}

async function lookAt(
  step: Step,
  claim: Partial<Claim> & { at?: Deployment } = {},
  clock = new FakeClock(),
) {
  const reported: unknown[] = [];
  const { ledger } = fakeLedger();
  const update = await look(fakeClaim(claim.at ?? deploymentAt("build"), claim), {
    steps: [step],
    ledger,
    clock,
    environment,
    world: fakeWorld({}),
    lease: minute,
    report: (error) => reported.push(error),
  });
  if (update === undefined) throw new Error("the row was taken over");
  return { ...update, reported, clock };
}

describe("a look", () => {
  test("that a hint brings forward waits as long as the service asked for, and asks again after that", async () => {
    let asked = 0;
    const throttled = () => {
      asked += 1;
      const words = { retryAfter: 90_000 };
      return Promise.reject(new ServiceError("github", "throttled", "none", "slow down", words));
    };
    const first = await lookAt(stepThat(throttled));
    const { clock, trouble } = first;
    expect(first.nextAt).toBe(clock.time + 90_000);
    clock.time += 30_000;
    const hinted = await lookAt(stepThat(throttled), { at: first.deployment, trouble }, clock);
    expect(hinted).toMatchObject({ nextAt: clock.time + 60_000, trouble });
    expect(asked).toBe(1);
    clock.time += 60_000;
    await lookAt(stepThat(throttled), { at: first.deployment, trouble }, clock);
    expect(asked).toBe(2);
  });

  test("saves what a step proved and starts the next one", async () => {
    const run = { id: 40672, number: "1", commit: "c", url: "u" };
    const { deployment, nextAt, clock } = await lookAt(
      stepThat(() => Promise.resolve(done("run 40672", { run }))),
    );
    expect(deployment.evidence).toMatchObject({ run, proposal: { liveTag: "production-40655" } });
    expect(deployment.progress.slice(1, 3)).toMatchObject([
      { step: "build", state: "done", sentence: "run 40672" },
      { step: "verify-image", state: "running", startedAt: clock.time },
    ]);
    expect(nextAt).toBe(clock.time);
  });

  test("after the last step the deployment is live", async () => {
    const { deployment } = await lookAt(
      stepThat(() => Promise.resolve(done("well")), "check-health"),
      {
        at: deploymentAt("check-health"),
      },
    );
    expect(deployment).toMatchObject({ state: "live", endedAt: 1_000_000 });
  });

  test("keeps the cause of a failure and what was proven before it", async () => {
    const seen = { detail: "npm test failed", excerpt: { title: "log", lines: ["x"] } };
    const { deployment, audit } = await lookAt(
      stepThat(() => Promise.resolve(failed("pipeline-failed", seen))),
    );
    expect(deployment).toMatchObject({
      state: "failed",
      failure: { code: "pipeline-failed", step: "build", ...seen },
    });
    expect(audit).toMatchObject([{ action: "step-failed:build" }]);
  });

  test("P16 a step that waits too long fails, and says what it waited for", async () => {
    const clock = new FakeClock();
    const step = stepThat(() => Promise.resolve(waiting({ seconds: 3600 }, "stage 1 of 2: Build")));
    const early = await lookAt(step, {}, clock);
    expect(early.deployment.state).toBe("active");
    expect(early.nextAt).toBe(clock.time + 30 * minute);
    clock.time += 30 * minute;
    const { deployment } = await lookAt(step, {}, clock);
    expect(deployment).toMatchObject({
      state: "failed",
      failure: { code: "timed-out", detail: "stage 1 of 2: Build" },
    });
  });

  test("P16 the environment may give a step another deadline", async () => {
    const clock = new FakeClock();
    const { ledger } = fakeLedger();
    const update = await look(fakeClaim(), {
      steps: [stepThat(() => Promise.resolve(waiting({ seconds: 3600 }, "waits")))],
      ledger,
      clock,
      environment: { ...environment, deadlines: { build: minute } },
      world: fakeWorld({}),
      lease: minute,
      report: () => {},
    });
    expect(update?.nextAt).toBe(clock.time + minute);
  });

  test("P15 a request that nobody decided expires", async () => {
    const clock = new FakeClock();
    const step = stepThat(
      () => Promise.resolve(waiting({ seconds: 60 }, "Waits for one approval")),
      "approve",
    );
    clock.time = 4_600_000;
    const { deployment, audit } = await lookAt(step, { at: deploymentAt("approve") }, clock);
    expect(deployment.state).toBe("expired");
    expect(audit).toMatchObject([{ action: "expired" }]);
  });

  test("waits out a service that does not answer, longer each time, and obeys what it asks for", async () => {
    const step = stepThat(() =>
      Promise.reject(
        new ServiceError("github", "unreachable", "unknown", "GitHub does not answer."),
      ),
    );
    const first = await lookAt(step);
    expect(first.deployment).toMatchObject({ state: "active" });
    expect(first.deployment.progress[1]).toMatchObject({
      sentence: "GitHub does not answer. Tries again, for 30 min at most.",
    });
    expect(first.trouble).toMatchObject({ count: 1, since: first.clock.time });
    const later = await lookAt(step, { trouble: { since: 999_000, count: 4, message: "" } });
    expect(later.nextAt - later.clock.time).toBeGreaterThanOrEqual(16_000);

    const patient = stepThat(() =>
      Promise.reject(
        new ServiceError("github", "throttled", "none", "slow down", { retryAfter: 90_000 }),
      ),
    );
    const asked = await lookAt(patient);
    expect(asked.nextAt - asked.clock.time).toBe(90_000);
    expect(asked.deployment.progress[1]).toMatchObject({
      sentence: "slow down. Tries again in 2 min, for 30 min at most.",
    });
  });

  test("P16 says how long it will try with a service that does not let it in", async () => {
    const step = stepThat(() =>
      Promise.reject(new ServiceError("github", "denied", "none", "GitHub answered 403")),
    );
    const { deployment } = await lookAt(step);
    expect(deployment.progress[1]).toMatchObject({
      sentence: "GitHub answered 403. Tries again, for 2 min at most.",
    });
  });

  test("P16 what is in doubt says why, and still does when it is too late", async () => {
    const message = "Azure DevOps answered 502";
    const trouble = { kind: "unreachable", since: 900_000, count: 2, message } as const;
    const doubtful = stepThat(() => Promise.reject(new NotYet("start-run", 55_000)));
    const early = await lookAt(doubtful, { trouble });
    expect(early.trouble).toEqual(trouble);
    expect(early.deployment.progress[1]?.sentence).toBe(
      "Azure DevOps answered 502. Makes sure that nothing is done twice, for 1 min at most",
    );
    const clock = new FakeClock();
    clock.time += 30 * minute;
    const { deployment } = await lookAt(doubtful, { trouble }, clock);
    expect(deployment.failure).toMatchObject({ code: "service-unreachable", detail: message });
  });

  test("patience with one kind of trouble is not used up by another", async () => {
    const clock = new FakeClock();
    const step = stepThat(() =>
      Promise.reject(new ServiceError("github", "denied", "none", "GitHub answered 403.")),
    );
    const since = clock.time - 10 * minute;
    const { deployment, trouble } = await lookAt(
      step,
      { trouble: { kind: "unreachable", since, count: 9, message: "" } },
      clock,
    );
    expect(deployment.state).toBe("active");
    expect(trouble).toMatchObject({ kind: "denied", since: clock.time, count: 10 });
  });

  test.each([
    ["unreachable", 31 * minute, "service-unreachable"],
    ["denied", 3 * minute, "service-denied"],
    ["invalid", 0, "service-refused"],
  ] as const)("a service that is %s after %d ms ends it as %s", async (trouble, lasted, code) => {
    const clock = new FakeClock();
    const since = clock.time;
    clock.time += lasted;
    const step = stepThat(() =>
      Promise.reject(new ServiceError("github", trouble, "none", "GitHub said no.")),
    );
    const { deployment } = await lookAt(step, { trouble: { since, count: 9, message: "" } }, clock);
    expect(deployment).toMatchObject({
      state: "failed",
      failure: { code, detail: "GitHub said no.", service: "github" },
    });
  });

  test("what it waited for is the cause when it took too long, before the step's own", async () => {
    const clock = new FakeClock();
    const waits = stepThat(() =>
      Promise.resolve(waiting({ seconds: 9 }, "Waits for an agent", {}, "pipeline-no-agent")),
    );
    clock.time += 3 * 60 * minute;
    const { deployment } = await lookAt(waits, {}, clock);
    expect(deployment.failure).toMatchObject({
      code: "pipeline-no-agent",
      detail: "Waits for an agent",
    });
  });

  test("a bug is reported, retried for a while, and told without its inner words", async () => {
    const step = stepThat(() => Promise.reject(new TypeError("secret of the token store")));
    const first = await lookAt(step);
    expect(first.deployment.state).toBe("active");
    expect(first.reported).toHaveLength(1);
    const last = await lookAt(step, { trouble: { since: 0, count: 9, message: "" } });
    expect(last.deployment).toMatchObject({ state: "failed", failure: { code: "internal-error" } });
    expect(JSON.stringify(last.deployment)).not.toContain("secret");
  });
});

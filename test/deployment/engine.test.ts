import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine, type Engine, type EngineOptions } from "../../src/deployment/engine.ts";
import type { Deployment } from "../../src/deployment/deployment.ts";
import type { Ledger } from "../../src/deployment/ledger.ts";
import { done, waiting, type Step } from "../../src/deployment/step.ts";
import { openDatabase, type Database } from "../../src/store/database.ts";
import { createLedger } from "../../src/store/ledger.ts";
import { migrate } from "../../src/store/migrations.ts";
import { alex, environment, fakeWorld } from "./fakes.ts";

const quiet = { info() {}, warn() {}, error() {} };
const clock = { now: () => Date.now() };

/** Waits for something that another loop does, and for less than jest does: a step that waits would not end with its test. */
async function eventually(is: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await is());) {
    if (Date.now() > end) throw new Error(`it never came to: ${is.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("the engine", () => {
  let folder: string;
  let database: Database;
  let ledger: Ledger;
  /** How far the engines' clock is ahead, in milliseconds. */
  let ahead: number;
  /** Where that clock stands still, ms since 1970; it runs where this is left out. */
  let still: number | undefined;
  const running: AbortController[] = [];
  const loops: Promise<void>[] = [];

  beforeEach(async () => {
    ahead = 0;
    still = undefined;
    folder = mkdtempSync(join(tmpdir(), "omnibot-engine-"));
    database = openDatabase({ file: join(folder, "omnibot.sqlite") });
    await migrate(database);
    ledger = createLedger(database.db);
  });

  afterEach(async () => {
    for (const one of running.splice(0)) one.abort();
    await Promise.all(loops.splice(0));
    await database.db.destroy();
    rmSync(folder, { recursive: true });
  });

  function start(
    steps: readonly Step[],
    owner = "one",
    lease = 30_000,
    environments: EngineOptions["environments"] = { production: environment },
  ): Engine {
    const engine = createEngine({
      ledger,
      steps,
      environments,
      worldOf: () => fakeWorld({}),
      clock: { now: () => (still ?? clock.now()) + ahead },
      log: quiet,
      owner,
      lease,
      saved: () => {},
    });
    const stop = new AbortController();
    running.push(stop);
    loops.push(engine.run(stop.signal));
    return engine;
  }

  async function request(steps: readonly Step[]): Promise<number> {
    const created = await ledger.create(
      {
        key: "k1",
        kind: "deploy",
        environment: "production",
        target: { from: "branch" },
        requester: alex,
        requestedAt: clock.now(),
        expiresAt: clock.now() + 60_000,
        progress: steps.map(({ name, title }) => ({ step: name, title, state: "pending" })),
      },
      { id: "m1", conversation: "c", reference: "{}" },
    );
    if (created.state !== "created") throw new Error(created.state);
    return created.deployment.id;
  }

  /** The row after a later save than that one. */
  async function after(id: number, revision: number): Promise<Deployment> {
    let found: Deployment | undefined;
    await eventually(async () => {
      found = await ledger.get(id);
      return found !== undefined && found.revision > revision;
    });
    if (found === undefined) throw new Error(`there is no #${id}`);
    return found;
  }

  async function until(id: number, state: string): Promise<Deployment> {
    let found: Deployment | undefined;
    await eventually(async () => {
      found = await ledger.get(id);
      return found?.state === state;
    });
    if (found === undefined) throw new Error(`there is no #${id}`);
    return found;
  }

  function step(name: string, advance: Step["advance"], more: Partial<Step> = {}): Step {
    return { name, title: name, deadline: 60_000, advance, ...more };
  }

  test("takes a deployment through its steps to the end", async () => {
    const steps = [
      step("one", () => Promise.resolve(done("first"))),
      step("two", () => Promise.resolve(done("second"))),
    ];
    const id = await request(steps);
    start(steps);
    const live = await until(id, "live");
    expect(live.progress).toMatchObject([{ sentence: "first" }, { sentence: "second" }]);
  });

  test("claims a row once for all steps that are due at once", async () => {
    let taken = 0;
    const whole = ledger;
    ledger = {
      ...whole,
      async claim(...asked) {
        const claimed = await whole.claim(...asked);
        if (claimed !== undefined) taken += 1;
        return claimed;
      },
    };
    const steps = ["one", "two", "three"].map((name) =>
      step(name, () => Promise.resolve(done(name))),
    );
    const id = await request(steps);
    start(steps);
    await until(id, "live");
    expect(taken).toBe(1);
  });

  test("several engines on one ledger look at a row one at a time", async () => {
    let inside = 0;
    let most = 0;
    let looks = 0;
    const steps = [
      step("one", async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setTimeout(resolve, 3));
        inside -= 1;
        looks += 1;
        return looks < 10 ? waiting({ seconds: 0.001 }, "more") : done("enough");
      }),
    ];
    const id = await request(steps);
    for (const owner of ["a", "b", "c"]) start(steps, owner);
    await until(id, "live");
    expect(most).toBe(1);
    expect(looks).toBe(10);
  });

  test("P19 a look that takes longer than its lease keeps its row", async () => {
    let [renewals, asked] = [0, 0];
    const real = ledger;
    ledger = {
      ...ledger,
      async renew(claim, leaseUntil) {
        const kept = await real.renew(claim, leaseUntil);
        renewals += 1;
        ahead = leaseUntil - 50 - (still ?? leaseUntil);
        return kept;
      },
      claim(owner, ...given) {
        asked += owner === "b" ? 1 : 0;
        return real.claim(owner, ...given);
      },
    };
    const lookers: string[] = [];
    let hint = () => {};
    const stepsOf = (owner: string) => [
      step("one", async () => {
        lookers.push(owner);
        await eventually(() => {
          hint();
          return renewals >= 5 && asked >= 5;
        });
        return done("slowly");
      }),
    ];
    const id = await request(stepsOf("a"));
    // Time passes when a lease was renewed, and as much as leaves a little of it: a busy machine changes nothing.
    still = clock.now();
    start(stepsOf("a"), "a", 150);
    await eventually(() => lookers.length > 0);
    ({ hint } = start(stepsOf("b"), "b", 150));
    await until(id, "live");
    expect(lookers).toEqual(["a"]);
  });

  test("P19 the row of a process that died is taken over when its lease ends", async () => {
    const steps = [step("one", () => Promise.resolve(done("taken over")))];
    const id = await request(steps);
    await ledger.claim("dead", clock.now(), clock.now() + 100);
    start(steps);
    expect(await until(id, "live")).toMatchObject({ progress: [{ sentence: "taken over" }] });
  });

  test("a hint of the watch brings the next look forward, and the watch ends with its step", async () => {
    let hint: (() => void) | undefined;
    let changed = false;
    let stopped = false;
    const steps = [
      step(
        "one",
        () => Promise.resolve(changed ? done("changed") : waiting({ seconds: 3600 }, "waits")),
        {
          watch: (_deployment, _world, told) => {
            hint = told;
            return { stop: () => void (stopped = true) };
          },
        },
      ),
    ];
    const id = await request(steps);
    start(steps);
    await eventually(() => hint !== undefined);
    changed = true;
    hint?.();
    await until(id, "live");
    expect(stopped).toBe(true);
  });

  test("an approval brings the next look forward", async () => {
    const steps = [
      step("approve", (deployment) =>
        Promise.resolve(
          deployment.approvals.length > 0 ? done("approved") : waiting({ seconds: 50 }, "waits"),
        ),
      ),
    ];
    const id = await request(steps);
    const engine = start(steps);
    await eventually(async () => (await ledger.get(id))?.revision !== 0);
    await ledger.approve(id, { person: alex, at: clock.now() }, 1);
    engine.hint();
    const live = await until(id, "live");
    expect(live.approvals).toHaveLength(1);
  });
  test("P16 a deployment whose environment is not configured here is left to others for a while, says so, and ends", async () => {
    const steps = [step("one", () => Promise.resolve(done("went on")))];
    const id = await request(steps);
    const engine = start(steps, "one", 30_000, {});
    const sentences: (string | undefined)[] = [];
    for (let looks = 0; ; ahead += 5000) {
      engine.hint();
      const row = await after(id, looks);
      looks = row.revision;
      sentences.push(row.progress[0]?.sentence);
      if (row.state !== "active") break;
    }
    expect(sentences[0]).toBe(
      'This omnibot has no environment "production" in its configuration. Waits for one that does, for 10 min at most.',
    );
    const ended = await until(id, "failed");
    expect(ended.failure).toMatchObject({ code: "environment-unknown" });
    expect(ahead).toBeGreaterThanOrEqual(10 * 60_000);
  }, 20_000);

  test("P18 a deployment that another version or configuration knows goes on there", async () => {
    const steps = [step("one", () => Promise.resolve(done("went on")))];
    const id = await request(steps);
    start([], "older");
    await eventually(async () => (await ledger.get(id))?.revision !== 0);
    ahead += 6000;
    start(steps, "newer");
    expect(await until(id, "live")).toMatchObject({ progress: [{ sentence: "went on" }] });
  }, 20_000);
});

import {
  createOnce,
  InDoubt,
  NotYet,
  TakenOver,
  type EffectPlan,
} from "../../src/deployment/once.ts";
import { ServiceError } from "../../src/deployment/service-error.ts";
import { fakeClaim, FakeClock, fakeLedger } from "./fakes.ts";

interface Run {
  readonly id: number;
}

function setUp(plan: Partial<EffectPlan<Run>> = {}) {
  const clock = new FakeClock();
  const { ledger, journal } = fakeLedger();
  const runs: Run[] = [];
  const once = createOnce(ledger, fakeClaim(), clock, 60_000);
  const whole: EffectPlan<Run> = {
    find: () => Promise.resolve(runs[0]),
    act: () => {
      journal.push("act");
      runs.push({ id: runs.length + 1 });
      return Promise.resolve({ id: runs.length });
    },
    facts: {},
    ...plan,
  };
  return { clock, ledger, plan: whole, journal, runs, start: () => once("start-run", whole) };
}

function unknown(): ServiceError {
  return new ServiceError("azure-devops", "unreachable", "unknown", "the answer was lost");
}

describe("an effect", () => {
  test("P12 is intended before it is done, and recorded after", async () => {
    const { start, journal } = setUp();
    expect(await start()).toEqual({ id: 1 });
    expect(journal).toEqual(["intend start-run", "act", "settle start-run done"]);
  });

  test("P19 is not done by a process that stood still for longer than its lease after it intended to", async () => {
    const { clock, ledger, journal, plan } = setUp();
    const intend: typeof ledger.intend = async (...intent) => {
      const kept = await ledger.intend(...intent);
      clock.time += 60_000;
      return kept;
    };
    const once = createOnce({ ...ledger, intend }, fakeClaim(), clock, 60_000);
    await expect(once("start-run", plan)).rejects.toBeInstanceOf(TakenOver);
    expect(journal).toEqual(["intend start-run"]);
  });

  test("is done once, however often it is asked for", async () => {
    const { start, runs } = setUp();
    await start();
    expect(await start()).toEqual({ id: 1 });
    expect(runs).toHaveLength(1);
  });

  test("P5 that was done although its answer was lost is found, not repeated", async () => {
    const { start, runs, journal } = setUp({
      act: () => {
        runs.push({ id: 7 });
        return Promise.reject(unknown());
      },
    });
    await expect(start()).rejects.toThrow("the answer was lost");
    expect(await start()).toEqual({ id: 7 });
    expect(runs).toHaveLength(1);
    expect(journal.at(-1)).toBe("settle start-run done");
  });

  test("in doubt gets its time to show up before it is repeated", async () => {
    let tries = 0;
    const { start, clock } = setUp({
      find: () => Promise.resolve(undefined),
      act: () => ((tries += 1) === 1 ? Promise.reject(unknown()) : Promise.resolve({ id: 2 })),
      doubt: { settle: 60_000, otherwise: "repeat" },
    });
    await expect(start()).rejects.toThrow(ServiceError);
    clock.time += 10_000;
    await expect(start()).rejects.toThrow(NotYet);
    await expect(start()).rejects.toMatchObject({ after: 5000 });
    clock.time += 49_000;
    await expect(start()).rejects.toMatchObject({ after: 1000 });
    expect(tries).toBe(1);
    clock.time += 1000;
    expect(await start()).toEqual({ id: 2 });
  });

  test("in doubt that nothing can prove is left to a person", async () => {
    const { start, clock } = setUp({
      find: () => Promise.resolve(undefined),
      act: () => Promise.reject(unknown()),
      doubt: { settle: 60_000, otherwise: "ask" },
    });
    await expect(start()).rejects.toThrow(ServiceError);
    clock.time += 60_000;
    await expect(start()).rejects.toThrow(InDoubt);
  });

  test("that was certainly refused may be tried again at once", async () => {
    let tries = 0;
    const { start } = setUp({
      find: () => Promise.resolve(undefined),
      act: () =>
        (tries += 1) === 1
          ? Promise.reject(new ServiceError("azure-devops", "throttled", "none", "429"))
          : Promise.resolve({ id: 2 }),
      doubt: { settle: 60_000, otherwise: "ask" },
    });
    await expect(start()).rejects.toThrow("429");
    expect(await start()).toEqual({ id: 2 });
  });

  test("is not done by somebody whose row was taken over", async () => {
    const clock = new FakeClock();
    const { ledger, journal } = fakeLedger({ intend: () => Promise.resolve(false) });
    const once = createOnce(ledger, fakeClaim(), clock, 60_000);
    const act = () => {
      journal.push("act");
      return Promise.resolve({ id: 1 });
    };
    await expect(
      once("merge", { find: () => Promise.resolve(undefined), act, facts: {} }),
    ).rejects.toThrow(TakenOver);
    expect(journal).not.toContain("act");
  });

  test("with an answer that is not final is looked up with that answer", async () => {
    const asked: unknown[] = [];
    const clock = new FakeClock();
    const { ledger } = fakeLedger();
    const once = createOnce(ledger, fakeClaim(), clock, 60_000);
    interface Merge {
      readonly state: "merging" | "merged";
      readonly request: string;
    }
    const plan: EffectPlan<Merge> = {
      find: (last) => {
        asked.push(last);
        return Promise.resolve(
          last === undefined ? undefined : { state: "merged", request: last.request },
        );
      },
      act: () => Promise.resolve({ state: "merging", request: "uuid-1" }),
      settled: (result) => result.state === "merged",
      facts: {},
    };
    expect(await once("merge", plan)).toEqual({ state: "merging", request: "uuid-1" });
    expect(await once("merge", plan)).toEqual({ state: "merged", request: "uuid-1" });
    expect(asked).toEqual([undefined, { state: "merging", request: "uuid-1" }]);
  });
});

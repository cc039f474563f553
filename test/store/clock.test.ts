import { createLedgerClock, createTicks } from "../../src/store/clock.ts";

const hour = 60 * 60_000;

describe("the ledger's clock", () => {
  let ticks: number;
  let time: number;
  let warnings: string[];
  let wentBack: number;

  beforeEach(() => {
    [ticks, time, warnings, wentBack] = [1000, 1_000_000, [], 0];
  });

  function create(answer = () => Promise.resolve(time)) {
    const log = {
      info() {},
      error() {},
      warn: (_: object, text: string) => void warnings.push(text),
    };
    const back = () => void (wentBack += 1);
    return createLedgerClock({ read: answer, ticks: () => ticks, log, wentBack: back });
  }

  test("shows the ledger's time, whatever this machine's clock says, and goes on by what has passed", async () => {
    const clock = await create();
    expect(clock.now()).toBe(1_000_000);
    ticks += 5000;
    expect(clock.now()).toBe(1_005_000);
  });

  test("is never ahead of this machine's where that is the ledger's, nor behind it by more than the answer took", async () => {
    const log = { info() {}, warn() {}, error() {} };
    let took = 0;
    const read = async () => {
      took = performance.now();
      return Date.now();
    };
    const clock = await createLedgerClock({ read, log });
    took = performance.now() - took;
    for (const end = Date.now() + 60; Date.now() < end;) {
      const before = Date.now();
      const now = clock.now();
      expect(now).toBeLessThanOrEqual(Date.now());
      expect(now).toBeGreaterThanOrEqual(before - Math.ceil(took) - 2);
    }
  });

  test("goes on while the machine sleeps, and by less than the steps in which the machine tells that", () => {
    let [coarse, fine] = [50_000, 0];
    const own = createTicks(
      () => Math.floor(coarse / 10) * 10,
      () => fine,
    );
    const first = own();
    [coarse, fine] = [coarse + 7, fine + 7];
    expect(own() - first).toBe(7);
    coarse += hour;
    expect(own() - first).toBe(hour);
    [coarse, fine] = [coarse + 3, fine + 3];
    expect(own() - first).toBe(hour + 3);
  });

  test("P19 two processes agree to half of an answer's way", async () => {
    const slow = await create(async () => {
      ticks += 300;
      return (time += 150);
    });
    time += 150;
    const quick = await create();
    expect(Math.abs(slow.now() - quick.now())).toBeLessThanOrEqual(150);
  });

  test("keeps to what it knows when an answer took too long to say anything", async () => {
    let late = 0;
    const clock = await create(async () => {
      ticks += late;
      return time;
    });
    [late, time] = [5000, 9_000_000];
    await clock.measure();
    expect(clock.now()).toBe(1_005_000);
  });

  test("follows the ledger's clock when that jumps, and tells when it went back", async () => {
    const clock = await create();
    time += hour;
    await clock.measure();
    expect(clock.now()).toBe(1_000_000 + hour);
    expect(wentBack).toBe(0);
    time -= 2 * hour;
    await clock.measure();
    expect(clock.now()).toBe(1_000_000 - hour);
    expect(wentBack).toBe(1);
    expect(warnings).toEqual(["the ledger's clock has jumped", "the ledger's clock has jumped"]);
  });

  test("does not start without the ledger's time", async () => {
    await expect(create(() => Promise.reject(new Error("no answer")))).rejects.toThrow("no answer");
  });
});

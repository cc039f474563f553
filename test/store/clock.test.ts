import { createLedgerClock } from "../../src/store/clock.ts";

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

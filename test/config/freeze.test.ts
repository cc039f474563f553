import type { FreezeWindow } from "../../src/config/config.ts";
import { freezeAt } from "../../src/config/freeze.ts";

const weekend: FreezeWindow = {
  kind: "weekly",
  from: { day: "fri", time: "16:00" },
  until: { day: "mon", time: "08:00" },
  reason: "Weekend",
};
const holidays: FreezeWindow = {
  kind: "dated",
  from: "2026-12-21 00:00",
  until: "2027-01-04 08:00",
  reason: "Holidays",
};
const berlin = "Europe/Berlin";
const at = (text: string) => Date.parse(text);

describe("a freeze", () => {
  test.each([
    ["before it", "2026-11-27T14:59:59Z", undefined],
    ["from its first second", "2026-11-27T15:00:00Z", "2026-11-30T07:00:00Z"],
    ["in the middle", "2026-11-29T12:00:00Z", "2026-11-30T07:00:00Z"],
    ["on its last day", "2026-11-30T06:59:59Z", "2026-11-30T07:00:00Z"],
    ["from its end on", "2026-11-30T07:00:00Z", undefined],
  ])("of every weekend holds in local time: %s", (_, now, until) => {
    const freeze = until === undefined ? undefined : { reason: "Weekend", until: at(until) };
    expect(freezeAt([weekend], berlin, at(now))).toEqual(freeze);
  });

  test("keeps to the clocks of its zone when they change in the middle", () => {
    // Summer time begins on Sunday, 29 March 2026: Monday 08:00 is an hour earlier in UTC.
    expect(freezeAt([weekend], berlin, at("2026-03-28T12:00:00Z"))?.until).toBe(
      at("2026-03-30T06:00:00Z"),
    );
  });

  test("of some days holds between its dates", () => {
    expect(freezeAt([holidays], berlin, at("2026-12-20T22:59:00Z"))).toBeUndefined();
    expect(freezeAt([holidays], berlin, at("2026-12-24T18:00:00Z"))).toEqual({
      reason: "Holidays",
      until: at("2027-01-04T07:00:00Z"),
    });
  });

  test("that joins another ends when both have ended, and says why it began", () => {
    expect(freezeAt([weekend, holidays], berlin, at("2026-12-19T12:00:00Z"))).toEqual({
      reason: "Weekend",
      until: at("2027-01-04T07:00:00Z"),
    });
  });

  test("that has no end does not hang", () => {
    const always: FreezeWindow = {
      kind: "weekly",
      from: { day: "mon", time: "00:00" },
      until: { day: "mon", time: "00:00" },
      reason: "Always",
    };
    expect(freezeAt([always], "UTC", at("2026-11-25T12:00:00Z"))?.reason).toBe("Always");
  });
});

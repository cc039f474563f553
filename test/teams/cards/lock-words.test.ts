import { barrierWords, blockWords, lockWords } from "../../../src/teams/cards/lock-words.ts";

const hour = 3_600_000;
const now = Date.parse("2026-11-25T12:00:00Z");
const context = { now, timeZone: "UTC" };
const megan = { id: "m", name: "Megan *Bowen*" };
const lock = {
  environment: "production",
  owner: megan,
  reason: "The map is wrong",
  since: now - 2 * hour,
};

describe("P6 a refusal by a lock", () => {
  test("says who, why, since when, until when, and how to release it; names are no Markdown", () => {
    expect(barrierWords({ state: "locked", lock: { ...lock, until: now + hour } }, context)).toBe(
      "production is locked by Megan \\*Bowen\\* for 2 h, until 13:00: The map is wrong. **unlock production** releases it.",
    );
  });

  test("of a lock that is new does not read as if it were for a moment", () => {
    expect(barrierWords({ state: "locked", lock: { ...lock, since: now - 5000 } }, context)).toBe(
      "production is locked by Megan \\*Bowen\\*, just now: The map is wrong. **unlock production** releases it.",
    );
  });

  test("of a rollback names the rollback", () => {
    expect(barrierWords({ state: "locked", lock: { ...lock, rollback: 127 } }, context)).toMatch(
      /^production is held by rollback #127, which Megan .* asked for 2 h ago: The map is wrong\. \*\*unlock production\*\*/,
    );
  });

  test("of a freeze says when it opens", () => {
    const freeze = { reason: "Weekend!", until: Date.parse("2026-11-30T08:00:00Z") };
    expect(barrierWords({ state: "frozen", environment: "production", freeze }, context)).toBe(
      "Nobody deploys to production now: Weekend! It opens Mon 08:00.",
    );
  });
});

describe("what came of a lock or a block", () => {
  test.each([
    ["locked", lockWords({ state: "locked", lock }, "lock", "", context), /Only Megan .* deploys/],
    ["held", lockWords({ state: "held", lock }, "lock", "", context), /is locked by Megan/],
    [
      "unlocked",
      lockWords({ state: "unlocked", lock }, "unlock", "", context),
      /open again\. The lock of Megan/,
    ],
    ["no reason", lockWords({ state: "reason-missing" }, "lock", "", context), /^Why\?/],
    [
      "which",
      lockWords({ state: "which-environment", known: ["a", "b"] }, "lock", "", context),
      /Which environment: a and b/,
    ],
    [
      "unknown",
      lockWords({ state: "unknown-environment", known: ["a"] }, "unlock", "x", context),
      /no environment “x”/,
    ],
    [
      "blocked",
      blockWords(
        { state: "blocked", block: { build: 7, by: megan, reason: "bad", since: now } },
        7,
        context,
      ),
      /Nobody deploys it/,
    ],
    [
      "unblocked",
      blockWords(
        { state: "unblocked", block: { build: 7, by: megan, reason: "bad", since: now } },
        7,
        context,
      ),
      /may be deployed again/,
    ],
    ["not blocked", blockWords({ state: "not-blocked" }, 7, context), /is not blocked/],
  ])("is said: %s", (_, words, expected) => {
    expect(words).toMatch(expected);
  });

  test("is not said twice", () => {
    expect(lockWords({ state: "repeated" }, "lock", "", context)).toBeUndefined();
    expect(blockWords({ state: "repeated" }, 7, context)).toBeUndefined();
  });
});

import * as fc from "fast-check";
import { parseCommand, verbs } from "../../src/teams/command.ts";
import { distance } from "../../src/teams/distance.ts";

const deployProduction = { type: "deploy", environment: "production", build: undefined };

describe("a command", () => {
  test.each([
    ["deploy production", deployProduction],
    ["deploy", { type: "deploy", environment: undefined, build: undefined }],
    ["deploy production 40672", { type: "deploy", environment: "production", build: 40672 }],
    ["deploy 40672 to production", { type: "deploy", environment: "production", build: 40672 }],
    ["rollback 40672", { type: "rollback", environment: undefined, build: 40672 }],
    ["rollback production 40672", { type: "rollback", environment: "production", build: 40672 }],
    [
      "roll back production to 40672",
      { type: "rollback", environment: "production", build: 40672 },
    ],
    ["Roll-back production", { type: "choice", environment: "production" }],
    ["status", { type: "status", environment: undefined }],
    ["status #128", { type: "deployment", id: 128 }],
    ["status #7?", { type: "deployment", id: 7 }],
    ["status production?", { type: "status", environment: "production" }],
    [
      "deploy production override: The pods are burning!",
      { ...deployProduction, override: "The pods are burning!" },
    ],
    [
      "lock Production the Map is wrong for 2h",
      {
        type: "lock",
        words: ["Production", "the", "Map", "is", "wrong"],
        duration: 2 * 3_600_000,
      },
    ],
    ["lock waiting for Adele", { type: "lock", words: ["waiting", "for", "Adele"] }],
    ["lock x for 30 minutes.", { type: "lock", words: ["x"], duration: 30 * 60_000 }],
    ["lock", { type: "lock", words: [] }],
    ["Please unlock production!", { type: "unlock", environment: "production" }],
    ["unlock", { type: "unlock", environment: undefined }],
    ["block 40672 Broken tiles.", { type: "block", build: 40672, reason: "Broken tiles." }],
    ["block 40672", { type: "block", build: 40672, reason: "" }],
    ["unblock 40672", { type: "unblock", build: 40672 }],
    ["help", { type: "help" }],
    ["hi", { type: "help" }],
    ["Hello!", { type: "help" }],
    ["?", { type: "help" }],
    ["", { type: "help" }],
  ])("%j is understood", (text, command) => {
    expect(parseCommand(text)).toEqual(command);
  });

  test.each(["40672abc", "40.672", "-40672", "#40672", "0", "007", "12345678901", "4e5", "٤٠٦٧٢"])(
    "the number %j is refused, not repaired",
    (number) => {
      expect(parseCommand(`rollback production ${number}`)).toEqual({
        type: "bad-number",
        verb: "rollback",
        said: number,
      });
    },
  );

  test.each([
    ["deply production", "deploy"],
    ["dpeloy production", "deploy"],
    ["rolback 40672", "rollback"],
    ["stauts", "status"],
    ["hepl", "help"],
    ["deploy production staging", "deploy"],
    ["deploy production 40672 40673", "deploy"],
    ["deploy production tomorrow", "deploy"],
    ["deploy production?", "deploy"],
    ["status 40672", "status"],
    ["status #0", "status"],
    ["status #128 production", "status"],
    ["status #1234567890", "status"],
    ["deploy production override", "deploy"],
    ["rollback production override: it burns", "rollback"],
    ["unlock production now or never", "unlock"],
    ["block", "block"],
    ["unblock 40672 40673", "unblock"],
    ["lock production?", "lock"],
    ["lok production", "lock"],
    ["unblok 40672", "unblock"],
    ["make coffee", undefined],
    ["do not deploy production", undefined],
    ["constructor", undefined],
  ])("%j does nothing and names the nearest command", (text, nearest) => {
    expect(parseCommand(text)).toEqual({ type: "unknown", said: text, nearest });
  });

  test("a very long text is not cut into a command", () => {
    expect(parseCommand(`deploy production ${" please".repeat(60)}`).type).toBe("unknown");
  });

  test("forgiving variants mean the same", () => {
    const space = fc.constantFrom(" ", "  ", "\n", "\r\n", "\t", "\u00a0", " \u200b");
    const polite = fc.constantFrom("", "please", "Please,", "pls");
    const end = fc.constantFrom("", ".", "...", "!", " please", ", thanks!");
    const to = fc.constantFrom("", "to", "the", "to the");
    const cased = fc.func(fc.boolean());
    fc.assert(
      fc.property(space, polite, end, to, cased, (gap, before, after, word, upper) => {
        const text =
          [before, "deploy", word, "production"].filter((part) => part !== "").join(gap) + after;
        const mixed = Array.from(text)
          .map((letter, index) => (upper(index) ? letter.toUpperCase() : letter))
          .join("");
        expect(parseCommand(mixed)).toEqual(deployProduction);
      }),
    );
  });

  test("the parser never throws, and never makes up a number", () => {
    const words = fc.constantFrom(
      ...verbs,
      "production",
      "40672",
      "0",
      "to",
      "please",
      "-1",
      "１２",
      "<at>",
      "&nbsp;",
    );
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(words).map((list) => list.join(" ")),
    );
    fc.assert(
      fc.property(text, (said) => {
        const command = parseCommand(said);
        const build = "build" in command ? command.build : undefined;
        expect(
          build === undefined || (build > 0 && said.normalize("NFKC").includes(String(build))),
        ).toBe(true);
      }),
    );
  });
});

describe("the distance of two words", () => {
  test("counts a swap of neighbours as one slip", () => {
    expect(distance("dpeloy", "deploy")).toBe(1);
    expect(distance("", "help")).toBe(4);
    expect(distance("status", "status")).toBe(0);
  });

  test("is the same in both directions", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        expect(distance(one, other)).toBe(distance(other, one));
      }),
    );
  });
});

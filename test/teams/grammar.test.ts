import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { alex, bot, megan, tenantId } from "../../sandbox/people.ts";
import type { IncomingActivity } from "../../src/teams/activity.ts";
import { parseCommand, verbs, type Command } from "../../src/teams/command.ts";
import { distance } from "../../src/teams/distance.ts";
import { textOf } from "../../src/teams/mention.ts";
import { isReading } from "../../src/teams/reading-commands.ts";

/** The lines of the grammar, as the source says them. */
const [definition = ""] = readFileSync(
  new URL("../../src/teams/command.ts", import.meta.url),
  "utf8",
).split("*/");
const grammar = Array.from(definition.matchAll(/^ \* {3}(\w.*)$/gm), ([, line = ""]) => line);

/** Commands that may be put as a question. */
const questions: ReadonlySet<string> = new Set(["status", "history", "diff", "stats", "help"]);

const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const environments = fc.constantFrom("production", "staging", "eu-west.2", "qa_1");
const builds = fc.integer({ min: 1, max: 9_999_999_999 });
const ids = fc.integer({ min: 1, max: 999_999_999 });
const reasons = fc.array(fc.constantFrom("The", "map", "is", "WRONG", "to", "please", "no", "4%"), {
  minLength: 1,
  maxLength: 5,
});
const times = fc.constantFrom(
  ["2h", 7_200_000] as const,
  ["30 minutes", 1_800_000] as const,
  ["1 day", 86_400_000] as const,
);
const gaps = fc.constantFrom(
  " ",
  "   ",
  "\n",
  "\r\n",
  "\t",
  "\u00a0",
  "&nbsp;",
  "&#160;",
  " \u200b",
  "<br/>",
);
const fillers = fc.constantFrom("to", "the", "please", "now", "pls");
const mentioned = `<at>${megan.name}</at>`;

interface Meant {
  readonly text: string;
  readonly command: Command;
}

/** A command of this line of the grammar as somebody may write it, and what it means. */
function written(line: string): fc.Arbitrary<Meant> {
  const [verb = ""] = line.split(" ");
  const has = (part: string) => line.includes(part);
  const part = <Value>(name: string, value: fc.Arbitrary<Value>) => {
    if (!has(name)) return fc.constant(undefined);
    return has(`[${name}`) ? optional(value) : value;
  };
  return fc
    .record({
      environment: part("environment", environments),
      build: part("build", builds),
      id: part("#number", ids),
      override: part("override", reasons),
      words: has(" words") && !has("override") ? reasons : fc.constant(undefined),
      time: part("for time", times),
      swapped: fc.boolean(),
      upper: fc.func(fc.boolean()),
      quoted: fc.boolean(),
      spoken: fc.constantFrom(
        ...(verb === "rollback" ? ["rollback", "roll back", "roll-back"] : [verb]),
      ),
      before: fc.constantFrom("", "please", "Please,", "hey"),
      filler: optional(fillers),
      mention: fc.boolean(),
      gap: gaps,
      end: fc.constantFrom("", ".", "...", "!", "!!", " please", ", thanks!", " now."),
      asks: fc.boolean(),
    })
    .map((one): Meant => {
      const cased = (word: string) =>
        Array.from(word, (letter, index) =>
          one.upper(index) ? letter.toUpperCase() : letter.toLowerCase(),
        ).join("");
      const { environment, build, id, override, words, time } = one;
      const free = words !== undefined;
      const around = (word: string) => (one.quoted && !free ? `“${word}”` : word);
      const named = environment === undefined ? [] : [around(cased(environment))];
      const numbered = build === undefined ? [] : [around(String(build))];
      const targets = one.swapped && !free ? [...numbered, ...named] : [...named, ...numbered];
      const said = [
        one.before,
        ...cased(one.spoken).split(" "),
        ...(free || one.filler === undefined ? [] : [one.filler]),
        ...(one.mention ? [mentioned] : []),
        ...targets,
        ...(id === undefined ? [] : [`#${id}`]),
        ...(words ?? []),
        ...(time === undefined ? [] : [cased("for"), ...cased(time[0]).split(" ")]),
        ...(override === undefined ? [] : [cased("override:"), ...override]),
      ].filter((word) => word !== "");
      const asked = one.asks && questions.has(verb) ? "?" : one.end;
      // Behind words that are kept as they were written nothing can be added.
      const closed = (free && time === undefined) || override !== undefined;
      const end = closed ? "" : free ? one.end.replaceAll(/[^.!]/g, "") : asked;
      return {
        text: said.join(one.gap) + end,
        command: meaningOf(verb, {
          environment,
          build,
          id,
          override: override?.join(" "),
          words: words && [...(verb === "lock" ? named : []), ...words],
          duration: time?.[1],
        }),
      };
    });
}

interface Parts {
  readonly environment: string | undefined;
  readonly build: number | undefined;
  readonly id: number | undefined;
  readonly override: string | undefined;
  readonly words: readonly string[] | undefined;
  readonly duration: number | undefined;
}

function meaningOf(verb: string, parts: Parts): Command {
  const { environment, build, id, override, words = [], duration } = parts;
  const whole = { type: verb, environment, build, id, override, duration };
  if (verb === "rollback" && build === undefined) return { type: "choice", environment };
  if (verb === "status" && id !== undefined) return { type: "deployment", id };
  if (verb === "lock") return { type: verb, words, duration };
  if (verb === "block") return { type: verb, build: build ?? 0, reason: words.join(" ") };
  return whole as Command;
}

/** The message with which somebody says this to omnibot, in the middle of mentions. */
function message(text: string): IncomingActivity {
  const mention = (who: { readonly id: string; readonly name: string }) => ({
    type: "mention",
    text: `<at>${who.name}</at>`,
    mentioned: { id: who.id, name: who.name },
  });
  return {
    type: "message",
    id: "1",
    channelId: "msteams",
    serviceUrl: "https://smba.trafficmanager.net/teams/",
    from: { id: alex.id, name: alex.name, aadObjectId: alex.aadObjectId },
    recipient: bot,
    conversation: { id: "19:x@thread.tacv2", tenantId },
    text: `\r\n<at>${bot.name}</at>&nbsp;${text} <at>${bot.name}</at>\r\n`,
    entities: [mention(bot), mention(megan)],
  };
}

const read = (text: string) => parseCommand(textOf(message(text)));

describe("the written grammar", () => {
  test("has a line for each command, and no other", () => {
    expect(new Set(grammar.map((line) => line.split(" ")[0]))).toEqual(new Set(verbs));
  });

  test.each(grammar)("%s: means the same however it is dressed", (line) => {
    fc.assert(
      fc.property(written(line), ({ text, command }) => {
        expect(read(text)).toEqual(command);
      }),
      { numRuns: 300 },
    );
  });

  const numbered = grammar.filter((line) => /build|#number/.test(line));
  const notNumbers = fc.oneof(
    fc.constantFrom("0", "00", "-1", "+1", "1.5", "1,5", "1e3", "0x1", "１２a", "٤", "#", "##1"),
    builds.map((build) => `0${build}`),
    builds.map((build) => `${build}x`),
    fc.bigInt({ min: 10_000_000_000n, max: 10n ** 30n }).map(String),
  );

  test.each(numbered)("%s: takes no number that is not one", (line) => {
    const [verb = ""] = line.split(" ");
    const sign = line.includes("#") ? "#" : "";
    fc.assert(
      fc.property(notNumbers, (wrong) => {
        const { type } = read(
          `${verb} ${sign}${wrong}${line.includes(" words") ? " because" : ""}`,
        );
        expect(["unknown", "bad-number"]).toContain(type);
      }),
    );
  });
});

describe("nothing is done on a guess", () => {
  const letters = "abcdefghijklmnopqrstuvwxyz".split("");
  const slips = fc.record({
    verb: fc.constantFrom(...verbs),
    at: fc.nat(7),
    letter: fc.constantFrom(...letters),
    how: fc.constantFrom("left out", "doubled", "another", "swapped"),
  });

  function slipped({
    verb,
    at,
    letter,
    how,
  }: {
    verb: string;
    at: number;
    letter: string;
    how: string;
  }) {
    const i = at % verb.length;
    const [head, own, next, tail] = [
      verb.slice(0, i),
      verb[i] ?? "",
      verb[i + 1] ?? "",
      verb.slice(i + 2),
    ];
    switch (how) {
      case "left out":
        return head + next + tail;
      case "doubled":
        return head + own + own + next + tail;
      case "another":
        return head + letter + next + tail;
      default:
        return head + next + own + tail;
    }
  }

  test("a slip of the finger does nothing, and the nearest command is named", () => {
    fc.assert(
      fc.property(slips, fc.constantFrom("", " production", " 40672", " #128"), (slip, rest) => {
        const word = slipped(slip);
        fc.pre(!verbs.some((verb) => verb === word));
        const command = read(word + rest);
        expect(command).toMatchObject({ type: "unknown" });
        const nearest = command.type === "unknown" ? command.nearest : undefined;
        expect(distance(nearest ?? "", word)).toBeLessThanOrEqual(distance(slip.verb, word));
      }),
      { numRuns: 500 },
    );
  });

  test("a word before the command, or behind it, makes it none", () => {
    const acting = grammar.filter((line) => !questions.has(line.split(" ")[0] ?? ""));
    fc.assert(
      fc.property(
        fc.constantFrom(...acting),
        fc.constantFrom("do not", "never", "who can", "I shall", "why did you", "maybe"),
        (line, words) => {
          const [verb = ""] = line.split(" ");
          expect(read(`${words} ${verb} production 40672`).type).toBe("unknown");
          const behind = `${verb} ${words} tomorrow or on Monday`;
          expect(line.includes("words") || isReading(read(behind))).toBe(true);
        },
      ),
    );
  });

  test("any text is read without an error, and an order in it begins with its verb and names what it acts upon", () => {
    const words = fc.oneof(
      fc.constantFrom(...verbs),
      fc.constantFrom(
        "production",
        "40672",
        "#128",
        "override:",
        "for",
        "2h",
        "to",
        "?",
        "&nbsp;",
        "<at>",
        "</at>",
      ),
      fc.string({ unit: "binary", maxLength: 6 }),
    );
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(words, { maxLength: 6 }).map((list) => list.join(" ")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const said = textOf(message(text));
        const command = parseCommand(said);
        if (isReading(command)) return;
        const spoken = said.normalize("NFKC").toLowerCase();
        const verb = command.type === "choice" ? "rollback" : command.type;
        expect(spoken.replace(/roll[ -]back/, "rollback")).toContain(verb);
        const named = [
          ...("build" in command && command.build !== undefined ? [String(command.build)] : []),
          ...("id" in command && command.id !== undefined ? [`#${command.id}`] : []),
          ...("environment" in command ? [command.environment ?? ""] : []),
        ];
        for (const one of named) expect(spoken).toContain(one);
      }),
      { numRuns: 1000 },
    );
  });
});

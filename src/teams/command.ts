import { distance } from "./distance.ts";

/*
 * The grammar. `test/teams/grammar.test.ts` reads these lines, and makes its commands of them:
 *
 *   deploy [environment] [build] [override: words]
 *   rollback [environment] build [override: words]
 *   rollback [environment]
 *   status [environment]
 *   status #number
 *   history [environment]
 *   diff [environment]
 *   stats [environment]
 *   lock [environment] words [for time]
 *   unlock [environment]
 *   block build words
 *   unblock build
 *   cancel [#number]
 *   retry [#number]
 *   help
 *
 * Forgiving: any case; any white space, also non-breaking and line breaks; mentions anywhere; `please`, `to`, `the`, `now`,
 * `thanks` around the words; quotes, dots and exclamation marks at their ends; environment and build in either order; `roll
 * back`. Strict: a build is 1 to 10 digits, a #number 1 to 9, neither begins with 0; `words` are kept as they were written, and
 * so are an order's question mark and a word too many: then nothing is done, and the nearest command is named.
 */

/** What somebody asks for. Nothing is done on a guess: whatever is not certain is `unknown`, with the nearest command. */
export type Command =
  | {
      readonly type: "deploy";
      readonly environment: string | undefined;
      readonly build: number | undefined;
      /** Why it shall go past locks, freezes and blocks: `override: …`. */
      readonly override: string | undefined;
    }
  | {
      readonly type: "rollback";
      readonly environment: string | undefined;
      readonly build: number;
      readonly override: string | undefined;
    }
  /** `rollback` without a build: which ones are there? */
  | { readonly type: "choice"; readonly environment: string | undefined }
  /** The words may begin with an environment; the rest is the reason, as it was written. `duration` in milliseconds. */
  | {
      readonly type: "lock";
      readonly words: readonly string[];
      readonly duration: number | undefined;
    }
  | { readonly type: "unlock"; readonly environment: string | undefined }
  | { readonly type: "history" | "diff" | "stats"; readonly environment: string | undefined }
  /** `#128`; without a number the one in work, or the newest. */
  | { readonly type: "cancel" | "retry"; readonly id: number | undefined }
  | { readonly type: "block"; readonly build: number; readonly reason: string }
  | { readonly type: "unblock"; readonly build: number }
  | { readonly type: "status"; readonly environment: string | undefined }
  /** `status #128` */
  | { readonly type: "deployment"; readonly id: number }
  | { readonly type: "help" }
  /** A number that is none, or none that a build can have. */
  | { readonly type: "bad-number"; readonly verb: Numbered; readonly said: string }
  | { readonly type: "unknown"; readonly said: string; readonly nearest: Verb | undefined };

export const verbs = [
  "deploy",
  "rollback",
  "status",
  "lock",
  "unlock",
  "block",
  "unblock",
  "history",
  "diff",
  "stats",
  "cancel",
  "retry",
  "help",
] as const;

/** Commands that name a build. */
type Numbered = "deploy" | "rollback" | "block" | "unblock";

type Verb = (typeof verbs)[number];

/** Commands that change nothing: they may be put as a question. */
const readers: ReadonlySet<Verb> = new Set(["status", "history", "diff", "stats", "help"]);
const longest = 200;
const politeBefore = new Set(["please", "pls", "hey", "hi", "hello"]);
const politeWithin = new Set(["please", "pls", "to", "the", "now", "thanks", "thx"]);
const greetings = new Set(["hi", "hello", "hey", "?", "thanks", "thx"]);
/** As it may be called in omnibot.yaml. */
const environmentName = /^[a-z][a-z0-9._-]{0,62}$/;
const buildNumber = /^[1-9]\d{0,9}$/;
const deploymentNumber = /^#[1-9]\d{0,8}$/;

/** Reads one command from the text of a message without its mentions. Words are forgiving, numbers are strict. */
export function parseCommand(text: string): Command {
  const said = text
    .normalize("NFKC")
    .replaceAll(/[\s\p{Zs}\p{Cf}]+/gu, " ")
    .trim();
  if (said.length > longest)
    return { type: "unknown", said: said.slice(0, longest), nearest: undefined };

  const words = said
    .toLowerCase()
    .split(" ")
    .filter((word) => word !== "");
  if (words.every((word) => greetings.has(bare(word)) || politeWithin.has(bare(word))))
    return { type: "help" };

  while (politeBefore.has(bare(words[0] ?? ""))) words.shift();
  const [verb = "", ...rest] = joined(words);
  const known = verbs.find((one) => one === bare(verb));
  if (known === undefined) return { type: "unknown", said, nearest: nearestVerb(bare(verb)) };
  if (known === "help") return { type: "help" };

  const unclear: Command = { type: "unknown", said, nearest: known };
  const asks = said.includes("?");
  if (asks && !readers.has(known)) return unclear;
  switch (known) {
    case "lock":
      return readLock(wordsAfter(said, known));
    case "block":
      return readBlock(wordsAfter(said, known)) ?? unclear;
    case "unblock":
      return readUnblock(meaningful(rest)) ?? unclear;
    case "unlock":
    case "status":
    case "history":
    case "diff":
    case "stats":
      return readNamed(known, meaningful(rest)) ?? unclear;
    case "cancel":
    case "retry":
      return readNumber(known, meaningful(rest)) ?? unclear;
    case "deploy":
    case "rollback":
      return readShipping(known, rest, said) ?? unclear;
  }
}

/** The words that carry a meaning, without what people put around them. */
function meaningful(words: readonly string[]): readonly string[] {
  const silent = (word: string) => politeWithin.has(word) || word === "" || word === "?";
  return words.map((word) => bare(word)).filter((word) => !silent(word));
}

/** What was written after the verb, in its own letters: a reason is kept as it was said. */
function wordsAfter(said: string, verb: Verb): readonly string[] {
  const words = said.split(" ");
  return words.slice(words.findIndex((word) => bare(word.toLowerCase()) === verb) + 1);
}

const minute = 60_000;
const units: Readonly<Record<string, number>> = { m: minute, h: 60 * minute, d: 24 * 60 * minute };
const time = /^([1-9]\d{0,3})(m|min|mins|minutes?|h|hours?|d|days?)$/i;

/** `… for 2h`, `… for 30 minutes`: how long, at the end. */
function readLock(words: readonly string[]): Command {
  const at = words.findLastIndex((word) => word.toLowerCase() === "for");
  const [, amount, unit = ""] =
    time.exec(
      words
        .slice(at + 1)
        .join("")
        .replace(/[.!]+$/, ""),
    ) ?? [];
  if (at < 0 || amount === undefined) return { type: "lock", words, duration: undefined };
  const duration = Number(amount) * (units[unit.slice(0, 1).toLowerCase()] ?? minute);
  return { type: "lock", words: words.slice(0, at), duration };
}

function readBlock([build = "", ...reason]: readonly string[]): Command | undefined {
  if (build === "") return undefined;
  if (!buildNumber.test(bare(build))) return { type: "bad-number", verb: "block", said: build };
  return { type: "block", build: Number(bare(build)), reason: reason.join(" ") };
}

function readUnblock([build, ...more]: readonly string[]): Command | undefined {
  if (build === undefined || more.length > 0) return undefined;
  if (!buildNumber.test(build)) return { type: "bad-number", verb: "unblock", said: build };
  return { type: "unblock", build: Number(build) };
}

function readNumber(verb: "cancel" | "retry", words: readonly string[]): Command | undefined {
  const [first, ...more] = words;
  if (more.length > 0) return undefined;
  if (first === undefined) return { type: verb, id: undefined };
  return deploymentNumber.test(first) ? { type: verb, id: Number(first.slice(1)) } : undefined;
}

function readNamed(
  verb: "status" | "unlock" | "history" | "diff" | "stats",
  words: readonly string[],
): Command | undefined {
  const [first, ...more] = words;
  if (more.length > 0) return undefined;
  if (verb === "status" && first !== undefined && deploymentNumber.test(first))
    return { type: "deployment", id: Number(first.slice(1)) };
  if (first !== undefined && !environmentName.test(first)) return undefined;
  return { type: verb, environment: first };
}

function readShipping(
  verb: "deploy" | "rollback",
  rest: readonly string[],
  said: string,
): Command | undefined {
  const at = rest.findIndex((word) => bare(word) === "override");
  const words = meaningful(at < 0 ? rest : rest.slice(0, at));
  const override = at < 0 ? undefined : /\boverride\b[:,]?\s*(.*)$/i.exec(said)?.[1];
  // Nobody goes past a lock without saying why.
  if (override === "") return undefined;
  let environment: string | undefined;
  let build: number | undefined;
  for (const word of words) {
    if (environmentName.test(word)) {
      if (environment !== undefined) return undefined;
      environment = word;
    } else if (!buildNumber.test(word)) {
      return { type: "bad-number", verb, said: word };
    } else {
      if (build !== undefined) return undefined;
      build = Number(word);
    }
  }
  if (verb === "deploy") return { type: verb, environment, build, override };
  if (build !== undefined) return { type: verb, environment, build, override };
  // Whoever goes past a lock says to which build.
  return override === undefined ? { type: "choice", environment } : undefined;
}

/** `roll back` and `roll-back` are `rollback`. */
function joined(words: readonly string[]): readonly string[] {
  const [first, second, ...rest] = words;
  if (first === "roll" && second !== undefined && bare(second) === "back")
    return ["rollback", ...rest];
  if (first !== undefined && bare(first) === "roll-back") return ["rollback", ...words.slice(1)];
  return words;
}

/** A word without what people put around it when they write to people. */
function bare(word: string): string {
  return word.replaceAll(/^["'“”‘’*_`]+|["'“”‘’*_`.,!;:?]+$/gu, "") || (word === "?" ? "?" : "");
}

/** The command that somebody most likely meant, at most two slips away. */
function nearestVerb(word: string): Verb | undefined {
  const [best] = verbs
    .map((verb) => ({ verb, slips: distance(word, verb) }))
    .filter(({ slips }) => slips <= 2)
    .toSorted((one, other) => one.slips - other.slips);
  return best?.verb;
}

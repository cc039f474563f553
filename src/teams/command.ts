/** What somebody asks for. Nothing is done on a guess: whatever is not certain is `unknown`, with the nearest command. */
export type Command =
  | {
      readonly type: "deploy" | "rollback";
      readonly environment: string | undefined;
      readonly build: number | undefined;
    }
  | { readonly type: "status"; readonly environment: string | undefined }
  /** `status #128` */
  | { readonly type: "deployment"; readonly id: number }
  | { readonly type: "help" }
  /** A number that is none, or none that a build can have. */
  | { readonly type: "bad-number"; readonly verb: "deploy" | "rollback"; readonly said: string }
  | { readonly type: "unknown"; readonly said: string; readonly nearest: Verb | undefined };

export const verbs = ["deploy", "rollback", "status", "help"] as const;

type Verb = (typeof verbs)[number];

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
  if (asks && known !== "status") return unclear;
  return (
    readArguments(
      known,
      rest.map((word) => bare(word)).filter((word) => !politeWithin.has(word) && word !== ""),
    ) ?? unclear
  );
}

function readArguments(
  verb: "deploy" | "rollback" | "status",
  words: readonly string[],
): Command | undefined {
  const [first, ...more] = words;
  if (verb === "status" && first !== undefined && deploymentNumber.test(first)) {
    return more.length === 0 ? { type: "deployment", id: Number(first.slice(1)) } : undefined;
  }
  let environment: string | undefined;
  let build: number | undefined;
  for (const word of words) {
    if (environmentName.test(word)) {
      if (environment !== undefined) return undefined;
      environment = word;
    } else if (verb === "status") {
      return undefined;
    } else if (!buildNumber.test(word)) {
      return { type: "bad-number", verb, said: word };
    } else {
      if (build !== undefined) return undefined;
      build = Number(word);
    }
  }
  return verb === "status" ? { type: verb, environment } : { type: verb, environment, build };
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

/** Damerau-Levenshtein distance: letters left out, added, changed, or two neighbours swapped. */
export function distance(one: string, other: string): number {
  let before: number[] = [];
  let above = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row += 1) {
    const line = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1];
      const swapped =
        row > 1 &&
        column > 1 &&
        one[row - 1] === other[column - 2] &&
        one[row - 2] === other[column - 1];
      line[column] = Math.min(
        at(above, column) + 1,
        at(line, column - 1) + 1,
        at(above, column - 1) + (same ? 0 : 1),
        swapped ? at(before, column - 2) + 1 : Infinity,
      );
    }
    before = above;
    above = line;
  }
  return at(above, other.length);
}

function at(line: readonly number[], column: number): number {
  return line[column] ?? Infinity;
}

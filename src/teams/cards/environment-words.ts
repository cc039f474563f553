import { escaped, list } from "./text.ts";

/** Somebody may have written a tag for an environment; what it would mean is said, not done. */
export function unknownEnvironment(said: string, verb: string, known: readonly string[]): string {
  const tag = /^(.+)-(\d{1,10})$/.exec(said);
  const meant =
    tag?.[1] !== undefined && known.includes(tag[1])
      ? ` Did you mean **${verb} ${tag[1]} ${tag[2]}**?`
      : "";
  return `There is no environment “${escaped(said, 60)}”. Known: ${names(known)}.${meant}`;
}

export function whichEnvironment(verb: string, known: readonly string[], more = ""): string {
  return `Which environment: ${names(known)}? For example **${verb} ${escaped(known[0] ?? "production", 60)}${more}**.`;
}

function names(known: readonly string[]): string {
  return list(known.map((name) => escaped(name, 60))) || "none";
}

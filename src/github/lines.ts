import type { CauseCode } from "../deployment/causes.ts";
import type { Bad } from "../deployment/ports.ts";

/** The number of the line that holds this offset, from 1. */
export function lineAt(source: string, offset: number): number {
  let line = 1;
  for (let at = source.indexOf("\n"); at !== -1 && at < offset; at = source.indexOf("\n", at + 1))
    line += 1;
  return line;
}

/** The numbers of the lines in which two texts differ, or undefined when one has more lines. */
export function changedLines(before: string, after: string): readonly number[] | undefined {
  const old = before.split("\n");
  const now = after.split("\n");
  if (old.length !== now.length) return undefined;
  return old.flatMap((line, i) => (line === now[i] ? [] : [i + 1]));
}

export function bad(code: CauseCode, detail: string): Bad {
  return { state: "failed", code, detail };
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { RolloutState } from "../../src/deployment/ports.ts";
import { hasRecordings, recordings, verdictsOf } from "../cluster/recording.ts";

/** How the verdict about a recorded rollout compares with what its notes say. Times are recorded milliseconds. */
export interface RecordingVerdict {
  readonly name: string;
  /** The first moment at which somebody who sees all could tell. */
  readonly decidable: number;
  /** When it was decided; undefined where it never was. */
  readonly decided: number | undefined;
  readonly verdict: string;
  readonly passed: boolean;
  readonly problems: readonly string[];
}

const index = z.object({
  recordings: z.array(
    z.object({
      file: z.string(),
      expected: z.object({ verdict: z.string(), decidableAtMs: z.number() }),
    }),
  ),
});

/** The longest from decidable to decided. */
const promptly = 10_000;
/** Where a failure on the way is right: it heals later. */
const heals: ReadonlySet<string> = new Set(["12-heals-after-deadline"]);

/** Replays every recording event by event; none where they are not here. */
export function judgeRecordings(): readonly RecordingVerdict[] {
  if (!hasRecordings()) return [];
  const notes = index.parse(JSON.parse(readFileSync(join(recordings, "index.json"), "utf8")));
  return notes.recordings.map(({ file, expected }) =>
    judge(file.replace(".ndjson", ""), expected.verdict, expected.decidableAtMs),
  );
}

function judge(name: string, expected: string, decidable: number): RecordingVerdict {
  const verdicts = verdictsOf(name);
  const end = kindOf(expected);
  const last = verdicts.at(-1)?.state;
  const wrong = verdicts.find(
    ({ t, state }) =>
      state.state !== "progressing" && (state.state !== end || t < decidable) && !heals.has(name),
  );
  const decided = verdicts.find(({ t, state }) => state.state === end && t >= decidable)?.t;
  const late = decided === undefined || decided > decidable + promptly;
  const problems = [
    ...(wrong === undefined ? [] : [`at ${wrong.t} ms it says ${wordsOf(wrong.state)}`]),
    ...(last?.state === end ? [] : [`it should end in ${expected}`]),
    ...(late ? ["it was decided too late"] : []),
  ];
  return {
    name,
    decidable,
    decided,
    verdict: last === undefined ? "" : wordsOf(last),
    passed: problems.length === 0,
    problems,
  };
}

/** What may still be helped by a person or by time is no failure; only the whole deployment knows what took over. */
function kindOf(expected: string): RolloutState["state"] {
  if (expected === "success") return "ready";
  if (expected.startsWith("failed(superseded") || /unschedulable|StatefulSet/.test(expected)) {
    return "progressing";
  }
  return "failed";
}

function wordsOf(state: RolloutState): string {
  switch (state.state) {
    case "failed":
      return `${state.code}: ${state.detail}`;
    case "ready":
      return `ready: ${state.pods} pods`;
    case "progressing":
      return state.sentence;
  }
}

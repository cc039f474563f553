import type { Verdict } from "./cell.ts";
import type { Stage } from "./stage.ts";
import { bound, wordsOfCard, type Counts, type Ending } from "./story.ts";

/** What may be said of the end of a story that is as it should be. */
export interface Expectation {
  /** How it may end, such as `live` or `failed: service-denied`. */
  readonly ends: readonly string[];
  /** How often there may be something other than exactly once, at the least and at the most. */
  readonly counts?: Partial<Record<keyof Counts, readonly [least: number, most: number]>>;
  /** Milliseconds that somebody has to wait, because the service asked for it. */
  readonly asks?: number;
  /** Whether nothing is worth a wait at all. */
  readonly silent?: boolean;
  /** It waited for long before it gave up: the card has to say what for, and the failure why. */
  readonly why?: RegExp;
  /** What the card has to say at the end. */
  readonly says?: RegExp;
}

/** A look that takes its time leaves less of the wait. */
const tolerance = 0.3;
/** Nobody waits longer than this between two looks, in milliseconds. */
const longestWait = 16 * 60_000;

export function judge(stage: Stage, ending: Ending, wanted: Expectation): Verdict {
  const counted = judgeCounts(ending, wanted);
  return {
    outcome: ending.state,
    problems: [
      ...judgeEnd(ending, wanted),
      ...counted.problems,
      ...judgeWaits(stage, ending, wanted),
    ],
    doubles: counted.doubles,
    lost: counted.lost,
  };
}

function judgeEnd({ state, took }: Ending, { ends }: Expectation): readonly string[] {
  return [
    ...(ends.includes(state) ? [] : [`it should be ${ends.join(" or ")}`]),
    ...(took > bound ? [`it took ${Math.round(took / 1000)} s`] : []),
  ];
}

function judgeCounts({ state, counts }: Ending, wanted: Expectation): Omit<Verdict, "outcome"> {
  const problems: string[] = [];
  let [doubles, lost] = [0, 0];
  for (const [what, count] of Object.entries(counts) as [keyof Counts, number][]) {
    const [least, most] = wanted.counts?.[what] ?? [isNeeded(what, state) ? 1 : 0, 1];
    if (count > most) doubles += count - most;
    if (count < least) lost += least - count;
    if (count > most || count < least) problems.push(`${count} ${what}`);
  }
  return { problems, doubles, lost };
}

/** What a deployment that failed on the way leaves out is not missing. */
function isNeeded(what: keyof Counts, state: string): boolean {
  if (what === "sameWords") return false;
  return state === "live" || ["deployments", "cards", "ends"].includes(what);
}

function judgeWaits(
  { seen: { waits } }: Stage,
  { cards, state }: Ending,
  { asks = 0, silent, why, says = why }: Expectation,
): readonly string[] {
  const problems: string[] = [];
  for (const { of, sentence, time } of waits) {
    if (time > longestWait) problems.push(`it waited ${Math.round(time / 60_000)} min`);
    if (of === "deployment" && !/at most/.test(sentence))
      problems.push(`"${sentence}" does not say until when`);
  }
  if (silent === true && waits.length > 0)
    problems.push(`it waited for no reason: ${waits.map(({ sentence }) => sentence).join(" | ")}`);
  if (asks > 0 && !waits.some(({ time }) => time >= asks * (1 - tolerance)))
    problems.push(`nobody waited for ${asks / 1000} s as asked`);
  if (state === "expired") return problems.slice(0, 4);
  const said = wordsOfCard(cards.at(-1));
  if (why !== undefined && !said.some((words) => /at most/.test(words)))
    problems.push("the card never said until when it waits");
  if (says !== undefined && !says.test(said.at(-1) ?? ""))
    problems.push(`the card ends without ${says.source}`);
  return problems.slice(0, 4);
}

import type { Decided } from "./deciders.ts";
import type { End } from "./process.ts";
import type { StoryPlan } from "./story-plan.ts";
import type { Doubt } from "./witness.ts";

/** Something that must not be: done twice, lost, or otherwise wrong. */
export interface Finding {
  readonly type: "double" | "lost" | "wrong";
  readonly what: string;
}

/** What is known of a story when it has ended, to be judged by. */
export interface Told extends StoryPlan, Decided {
  readonly thread: string;
  readonly text: string;
  readonly finished: boolean;
  readonly before: Before;
  readonly ends: readonly End[];
  /** Posts of the thread that a kill, or standing still, left in doubt. */
  readonly doubts: readonly Doubt[];
}

/** What was there before a story began: commits, entries, runs, and the like. */
export interface Before {
  readonly head: string;
  readonly tag: string;
  readonly journal: number;
  readonly runs: number;
  /** Number of the newest deployment. */
  readonly deployment: number;
  /** Threads that omnibot has begun by itself. */
  readonly ownThreads: number;
}

export type Find = (type: Finding["type"], what: string) => void;
export type CountOnce = (what: string, count: number, expected?: number) => void;

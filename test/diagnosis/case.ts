import type { CauseCode } from "../../src/deployment/causes.ts";
import type { Stage, StageOptions } from "./stage.ts";

/** What happens in a story beside what was asked for; each part may be left out. */
interface Setting extends StageOptions {
  /** How many times as fast it goes, where that is not the suite's own speed: for what takes many minutes. */
  readonly speed?: number;
  /** What goes wrong from before the request; the world is at rest then. */
  readonly before?: (stage: Stage) => void | Promise<void>;
  /** What is said to omnibot, instead of `deploy production`. */
  readonly ask?: string;
  /** What goes wrong from just before the approval. */
  readonly approved?: (stage: Stage) => void | Promise<void>;
  /** Left undecided where this is false. */
  readonly approve?: false;
  /** What happens once when something has come to be. */
  readonly turns?: readonly Turn[];
}

interface Turn {
  readonly when: (stage: Stage) => boolean;
  readonly does: (stage: Stage) => void | Promise<void>;
}

/** One way to fail, played as a whole story: the cause that must be told, and in which words. */
export interface Case extends Setting {
  readonly cause: CauseCode;
  /** What is special about it, where a cause has several cases. */
  readonly name?: string;
  /**
   * Whether the world shows it by now: from its first moment on somebody who sees all could tell. Left out where that is so
   * from the set-up on.
   */
  readonly decidable?: (stage: Stage) => boolean;
  /**
   * What must stand in the thread beside the cause's own sentence and remedy. Told in the course of the deployment, these
   * words may have been replaced by others at its end.
   */
  readonly words: readonly (string | RegExp)[];
  /** What must still stand there when it is over, as the cause's own words must. */
  readonly atEnd?: readonly (string | RegExp)[];
  /** What is told first, while it may still pass: where there is such, it counts as told from then on. */
  readonly first?: readonly (string | RegExp)[];
  /**
   * How it ends: `failed` with the cause, unless this says otherwise. `waiting` ends the story as soon as the words are told:
   * for what is told while it may still pass, with words only.
   */
  readonly ends?: "failed" | "waiting" | "live";
  /** Whether the story goes on after it was told, until omnibot has no more to say about it. */
  readonly followed?: true;
}

/** What looks bad and is not: it must end live, and nobody may ever be told that it failed. */
export interface Benign extends Setting {
  readonly name: string;
  /** What must be told on the way, as progress or as a suspicion. */
  readonly words?: readonly (string | RegExp)[];
}

import type { Port } from "./calls.ts";
import type { Stage } from "./stage.ts";

/** What came of a cell: how it ended in words, and everything that is wrong with that. */
export interface Verdict {
  readonly outcome: string;
  readonly problems: readonly string[];
  /** How many things there are more than there should be, by what the world itself shows. */
  readonly doubles: number;
  /** How many are missing. */
  readonly lost: number;
}

/** One field of the table: a port, what it was asked, and what went wrong. */
export interface Cell {
  readonly port: Port;
  readonly call: string;
  readonly fault: string;
  /** Of several of a kind the bounded form plays one at each port, and each at some port; by default it is its own kind. */
  readonly kind?: string;
  /** Whether the bounded form plays it in any case, plays one like it, or leaves it to the full form. */
  readonly form: "always" | "chosen" | "full";
  play(stage: Stage): Promise<Verdict>;
}

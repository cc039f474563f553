import type { Port } from "./calls.ts";
import type { Cell } from "./cell.ts";
import { judge, type Expectation } from "./judge.ts";
import type { Setup, Stage } from "./stage.ts";
import { play, type Ending, type Plan } from "./story.ts";

/** A cell that is not simply one request that goes wrong. */
export interface Tale extends Expectation {
  readonly port: Port;
  readonly call: string;
  readonly fault: string;
  readonly setup?: Setup;
  /** In which form of the suite it is played; always, unless this says otherwise. */
  readonly form?: Cell["form"];
  /** Before anybody asks. The rest of the plan is what this returns. */
  prepare(stage: Stage): Plan | Promise<Plan>;
  /** Whether it went wrong at all. */
  isMet(stage: Stage): boolean;
  /** What else is wrong with how it ended. */
  check?(stage: Stage, ending: Ending): readonly string[];
  /** Takes everything back that the stage does not. */
  tidy?(stage: Stage): void | Promise<void>;
}

export function told(tale: Tale): Cell {
  const { port, call, fault } = tale;
  return {
    port,
    call,
    fault,
    form: tale.form ?? "always",
    async play(stage) {
      await stage.begin(tale.setup ?? { poke: "annotation" });
      try {
        const ending = await play(stage, await tale.prepare(stage));
        const verdict = judge(stage, ending, tale);
        const problems = [
          ...(tale.isMet(stage) ? [] : ["it was never met"]),
          ...verdict.problems,
          ...(tale.check?.(stage, ending) ?? []),
        ];
        return { ...verdict, problems };
      } finally {
        await tale.tidy?.(stage);
      }
    },
  };
}

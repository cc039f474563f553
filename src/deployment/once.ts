import type { Claim, Ledger } from "./ledger.ts";
import type { Clock } from "./ports.ts";
import { ServiceError } from "./service-error.ts";
import { currentStep } from "./transitions.ts";

/** Does an effect at most once, whatever happens in between, and returns what came of it. */
export type Once = <Result extends object>(
  name: string,
  plan: EffectPlan<Result>,
) => Promise<Result>;

export interface EffectPlan<Result extends object> {
  /**
   * Looks the effect up by its natural key; undefined when it is not there. `last` is an earlier answer that was not final,
   * `since` is when the effect was first intended (now, if it is new), in ms since 1970.
   */
  find(last: Result | undefined, since: number): Promise<Result | undefined>;
  /** Does it, with one request and no retry. A result with `state: "failed"` means that it was certainly not done. */
  act(): Promise<Result>;
  /** Whether this answer ends the matter; any answer does unless this says otherwise. */
  settled?(result: Result): boolean;
  /**
   * What to do when an earlier try is in doubt and `find` does not see it: wait until it had `settle` milliseconds to show up,
   * then do it again, or ask a person. Left out where repeating does no harm: then it is repeated at once.
   */
  readonly doubt?: { readonly settle: number; readonly otherwise: "repeat" | "ask" };
  /** For the audit trail, written together with the intent. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** How often an effect in doubt is looked for, in milliseconds. */
const doubtfulPause = 5000;

/** An effect is in doubt and may still show up: look again after `after` milliseconds, for `left` milliseconds at most. */
export class NotYet extends Error {
  readonly after: number;
  readonly left: number;
  constructor(effect: string, left: number) {
    super(`${effect} is in doubt and may still show up`);
    this.after = Math.min(left, doubtfulPause);
    this.left = left;
  }
}

/** An effect is in doubt, cannot be found, and must not be repeated: a person has to look. */
export class InDoubt extends Error {
  readonly effect: string;
  constructor(effect: string) {
    super(`${effect} is in doubt`);
    this.effect = effect;
  }
}

/** The row was taken over by somebody else: whatever this look found is not ours to act on. */
export class TakenOver extends Error {}

/**
 * Binds the rule of effects to a claimed row: save the intent, find, act once, record (docs/design.md, idea 2). The row's
 * lease is renewed by `lease` milliseconds before each act.
 */
export function createOnce(ledger: Ledger, claim: Claim, clock: Clock, lease: number): Once {
  const { id } = claim.deployment;
  // The clock may have been set forward, rather than that much time had passed for something to show up.
  const missed = currentStep(claim.deployment)?.missed ?? 0;

  return async function once<Result extends object>(
    name: string,
    plan: EffectPlan<Result>,
  ): Promise<Result> {
    const known = await ledger.findEffect(id, name);
    // The ledger holds what an earlier look of this very plan put there.
    const last = known?.result as Result | undefined;
    if (known?.status === "done" && last !== undefined) return last;

    const found = await plan.find(last, known?.intentAt ?? clock.now());
    if (found !== undefined) return record(name, plan, found);

    if (known !== undefined && last === undefined && plan.doubt !== undefined) {
      const age = Math.max(0, clock.now() - known.intentAt - missed);
      if (age < plan.doubt.settle) throw new NotYet(name, plan.doubt.settle - age);
      if (plan.doubt.otherwise === "ask") throw new InDoubt(name);
    }

    const now = clock.now();
    if (!(await ledger.intend(claim, name, now, now + lease, plan.facts))) throw new TakenOver();
    // A process that stood still since then may have lost the row.
    if (clock.now() >= now + lease) throw new TakenOver();
    return record(name, plan, await act(name, plan));
  };

  async function act<Result extends object>(
    name: string,
    plan: EffectPlan<Result>,
  ): Promise<Result> {
    try {
      return await plan.act();
    } catch (error) {
      if (error instanceof ServiceError && error.effect === "none") {
        await ledger.forget(claim, name, clock.now(), error.message);
      }
      throw error;
    }
  }

  async function record<Result extends object>(
    name: string,
    plan: EffectPlan<Result>,
    result: Result,
  ): Promise<Result> {
    if ("state" in result && result.state === "failed") {
      await ledger.forget(claim, name, clock.now(), "refused");
      return result;
    }
    const final = plan.settled?.(result) ?? true;
    await ledger.settle(claim, name, final ? "done" : "intent", result, clock.now());
    return result;
  }
}

import type { Barrier, BlockAnswer, Block, Lock, LockAnswer } from "../../deployment/locks.ts";
import { notAllowedWords } from "./permission-words.ts";
import { escaped } from "./text.ts";
import { momentOf, roughly } from "./time.ts";
import { unknownEnvironment, whichEnvironment } from "./environment-words.ts";

export interface LockContext {
  readonly now: number;
  readonly timeZone: string;
}

/** What keeps a deployment out: who, why, since when, until when, and how to go on. Markdown. */
export function barrierWords(barrier: Barrier, context: LockContext): string {
  switch (barrier.state) {
    case "locked": {
      const { lock } = barrier;
      const name = escaped(lock.environment, 60);
      const held =
        lock.rollback === undefined
          ? `${name} is locked by ${lockedBy(lock, context)}`
          : `${name} is held by rollback #${lock.rollback}, which ${escaped(lock.owner.name, 80)} asked for ${roughly(context.now - lock.since)} ago: ${reason(lock.reason)}`;
      return `${held} **unlock ${name}** releases it.`;
    }
    case "blocked":
      return `Build ${barrier.block.build} is blocked by ${blockedBy(barrier.block, context)} **unblock ${barrier.block.build}** releases it.`;
    case "maintenance":
      return maintenanceWords(barrier.reason);
    case "frozen": {
      const { freeze, environment } = barrier;
      const until = momentOf(freeze.until, context.now, context.timeZone);
      return `Nobody deploys to ${escaped(environment, 60)} now: ${reason(freeze.reason)} It opens ${until}.`;
    }
  }
}

export function maintenanceWords(why: string): string {
  return `omnibot begins nothing new for now: ${reason(why)} What is in work goes on.`;
}

/** What came of `lock` and `unlock`; undefined where it was said before. */
export function lockWords(
  answer: LockAnswer,
  verb: "lock" | "unlock",
  said: string,
  context: LockContext,
): string | undefined {
  switch (answer.state) {
    case "locked": {
      const { lock } = answer;
      const name = escaped(lock.environment, 60);
      // Who meant "for two hours" and was not understood sees it here.
      const end = untilOf(lock, context) || ", with no end";
      return `${name} is locked${end}: ${reason(lock.reason)} Only ${escaped(lock.owner.name, 80)} deploys there. **unlock ${name}** releases it.`;
    }
    case "held":
      return barrierWords({ state: "locked", lock: answer.lock }, context);
    case "unlocked": {
      const { lock } = answer;
      const what =
        lock.rollback === undefined
          ? `The lock of ${escaped(lock.owner.name, 80)}`
          : `The hold of rollback #${lock.rollback}`;
      return `${escaped(lock.environment, 60)} is open again. ${what} is released: ${reason(lock.reason)}`;
    }
    case "not-locked":
      return `${escaped(answer.environment, 60)} is not locked.`;
    case "reason-missing":
      return `Why? For example **lock ${said === "" ? "production" : escaped(said, 60)} the map is wrong for 2h**.`;
    case "which-environment":
      return whichEnvironment(
        verb,
        answer.known,
        verb === "lock" ? " the map is wrong for 2h" : "",
      );
    case "unknown-environment":
      return unknownEnvironment(said, verb, answer.known);
    case "not-permitted":
    case "unchecked":
      return notAllowedWords(answer);
    case "repeated":
      return undefined;
  }
}

/** What came of `block` and `unblock`; undefined where it was said before. */
export function blockWords(
  answer: BlockAnswer,
  build: number,
  context: LockContext,
): string | undefined {
  switch (answer.state) {
    case "blocked":
      return `Build ${build} is blocked by ${blockedBy(answer.block, context)} Nobody deploys it, to any environment. **unblock ${build}** releases it.`;
    case "unblocked":
      return `Build ${build} may be deployed again. ${escaped(answer.block.by.name, 80)} had blocked it: ${reason(answer.block.reason)}`;
    case "not-blocked":
      return `Build ${build} is not blocked.`;
    case "not-permitted":
    case "unchecked":
      return notAllowedWords(answer);
    case "reason-missing":
      return `Why? For example **block ${build} the map is wrong**.`;
    case "repeated":
      return undefined;
  }
}

function lockedBy(lock: Lock, context: LockContext): string {
  const held = context.now - lock.since;
  const how = held < 60_000 ? ", just now" : ` for ${roughly(held)}`;
  return `${escaped(lock.owner.name, 80)}${how}${untilOf(lock, context)}: ${reason(lock.reason)}`;
}

function untilOf({ until }: Lock, { now, timeZone }: LockContext): string {
  return until === undefined ? "" : `, until ${momentOf(until, now, timeZone)}`;
}

function blockedBy({ by, since, reason: why }: Block, { now }: LockContext): string {
  return `${escaped(by.name, 80)}, ${roughly(now - since)} ago: ${reason(why)}`;
}

/** Somebody's words as a sentence of its own. */
function reason(words: string): string {
  const text = escaped(words, 160);
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

import { alex } from "../../sandbox/people.ts";
import type { CountOnce, Find, Told } from "./findings.ts";
import type { Kind } from "./story-plan.ts";
import type { AuditLine } from "./witness.ts";

/** What the audit trail of a kind of story holds, in this order. */
interface Expected {
  readonly effects: readonly string[];
  readonly steps: readonly string[];
  readonly end: string;
}

const start = ["start-run"];
const open = ["create-branch", "commit-tag", "open-pull-request"];
const merge = ["merge", "poke-flux"];
const done = (...steps: readonly string[]) => steps.map((step) => `step-done:${step}`);
const followed = done("sync", "roll-out", "check-health");
const changed = done("verify-image", "open-change", "merge-change");
const health = "step-done:check-health";

const expected: Readonly<Record<Exclude<Kind, "reject" | "notice">, Expected>> = {
  deploy: {
    effects: [...start, ...open, ...merge],
    steps: [...done("approve", "build"), ...changed, ...followed],
    end: health,
  },
  rollback: {
    effects: [...open, ...merge],
    steps: [...done("approve"), ...changed, ...followed],
    end: health,
  },
  cancel: { effects: start, steps: done("approve"), end: "canceled" },
  withdraw: {
    effects: [...start, ...open],
    steps: done("approve", "build", "verify-image", "open-change"),
    end: "canceled",
  },
  retry: {
    effects: [...start, ...open, ...merge],
    steps: [...done("approve", "build"), "step-failed:verify-image", ...changed, ...followed],
    end: health,
  },
};

/** Somebody may stop a deployment when its pull request is open and nobody has written that down yet. */
function expectedOf(kind: keyof typeof expected, actions: readonly string[]): Expected {
  const { effects, steps, end } = expected[kind];
  const has = (action: string) => kind !== "withdraw" || actions.includes(action);
  return {
    effects: effects.filter((one) => one !== "open-pull-request" || has(`done:${one}`)),
    steps: steps.filter((one) => one !== "step-done:open-change" || has(one)),
    end,
  };
}

const noticed = ["noticed", ...done("observe", "verify-image"), ...followed];

/** Requested, decided, each intent before its done, each step once, and nothing after the end (P12). */
export function judgeAudit(
  told: Told,
  audit: readonly AuditLine[],
  find: Find,
  once: CountOnce,
): void {
  const actions = audit.map(({ action }) => action);
  const { kind } = told;
  if (kind === "notice") {
    if (actions.join() !== noticed.join())
      find("wrong", `the audit trail is ${actions.join(", ")}`);
    return;
  }
  const decision = kind === "reject" ? "rejected" : "approved";
  if (actions[0] !== "requested") find("wrong", `the audit trail begins with ${actions[0]}`);
  once("requested in the audit trail", countOf("requested"));
  const decided = audit.filter(({ action }) => action === decision).map(({ actor }) => actor);
  if (decided.length === 0) find("lost", "no decision in the audit trail");
  if (new Set(decided).size < decided.length)
    find("double", `${decision} by ${decided.join(", ")}`);
  for (const name of told.deciders)
    if (!decided.includes(name)) find("lost", `the decision of ${name}, who was told it counts`);
  const refused = audit.some(
    ({ actor, action }) => actor === alex.name && action === "refused:approve",
  );
  if (told.refused && !refused) find("lost", "what was refused is not in the audit trail");

  if (kind === "reject") {
    once("rejected in the audit trail", countOf("rejected"));
    judgeEnd("rejected");
    const others = actions.filter((one) => !/^(requested|rejected|refused:)/.test(one));
    if (others.length > 0) find("wrong", `rejected, and yet: ${others.join(", ")}`);
    return;
  }
  if (actions.lastIndexOf("approved") > actions.indexOf("step-done:approve"))
    find("double", `approved after it was decided: ${actions.join(", ")}`);
  const { effects, steps, end } = expectedOf(kind, actions);
  judgeOrder();
  judgeEnd(end);
  if (end === "canceled") judgeStop();

  function countOf(action: string): number {
    return actions.filter((one) => one === action).length;
  }

  function judgeOrder(): void {
    let last = actions.indexOf("approved");
    for (const effect of effects) {
      once(`done:${effect} in the audit trail`, countOf(`done:${effect}`));
      const intended = actions.indexOf(`intent:${effect}`);
      const settled = actions.indexOf(`done:${effect}`);
      if (!(last < intended && intended < settled))
        find("wrong", `${effect} is not in order: ${actions.join(", ")}`);
      last = settled;
    }
    const others = actions.filter(
      (action) => action.startsWith("done:") && !effects.includes(action.slice("done:".length)),
    );
    if (others.length > 0) find("wrong", `${kind}, and yet: ${others.join(", ")}`);
    const went = actions.filter((action) => action.startsWith("step-"));
    if (went.join() !== steps.join())
      find("wrong", `the steps of the audit trail are ${went.join(", ")}`);
    if (kind === "retry") once("retry in the audit trail", countOf("retry"));
  }

  /** Whoever got no answer may have said it again. */
  function judgeStop(): void {
    once("canceled in the audit trail", countOf("canceled"));
    if (!(0 < actions.indexOf("cancel") && actions.indexOf("cancel") < actions.indexOf("canceled")))
      find("wrong", `stopped without a word of who wanted it: ${actions.join(", ")}`);
  }

  /** Afterwards people may still be refused, and nothing else happens. */
  function judgeEnd(last: string): void {
    if (!told.finished) return;
    const after = actions.slice(actions.lastIndexOf(last) + 1);
    const others = after.filter((action) => !action.startsWith("refused:"));
    if (others.length > 0) find("wrong", `after the end: ${others.join(", ")}`);
  }
}

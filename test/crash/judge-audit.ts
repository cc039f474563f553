import { alex } from "../../sandbox/people.ts";
import type { CountOnce, Find, Told } from "./findings.ts";
import type { AuditLine } from "./witness.ts";

/** Requested, decided, each intent before its done, each step once, and nothing after the end (P12). */
export function judgeAudit(
  told: Told,
  audit: readonly AuditLine[],
  find: Find,
  once: CountOnce,
): void {
  const actions = audit.map(({ action }) => action);
  const decision = told.kind === "reject" ? "rejected" : "approved";
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

  if (told.kind === "reject") {
    once("rejected in the audit trail", countOf("rejected"));
    judgeEnd("rejected");
    const others = actions.filter((one) => !/^(requested|rejected|refused:)/.test(one));
    if (others.length > 0) find("wrong", `rejected, and yet: ${others.join(", ")}`);
    return;
  }
  if (actions.lastIndexOf("approved") > actions.indexOf("step-done:approve"))
    find("double", `approved after it was decided: ${actions.join(", ")}`);
  judgeOrder();
  judgeEnd("step-done:check-health");

  function countOf(action: string): number {
    return actions.filter((one) => one === action).length;
  }

  function judgeOrder(): void {
    const changes = ["create-branch", "commit-tag", "open-pull-request", "merge", "poke-flux"];
    const effects = told.kind === "deploy" ? ["start-run", ...changes] : changes;
    let last = actions.indexOf("approved");
    for (const effect of effects) {
      once(`done:${effect} in the audit trail`, countOf(`done:${effect}`));
      const intended = actions.indexOf(`intent:${effect}`);
      const done = actions.indexOf(`done:${effect}`);
      if (!(last < intended && intended < done))
        find("wrong", `${effect} is not in order: ${actions.join(", ")}`);
      last = done;
    }
    const follow = ["verify-image", "open-change", "merge-change", "sync", "roll-out"];
    const built = told.kind === "deploy" ? ["build"] : [];
    const wanted = ["approve", ...built, ...follow, "check-health"].map(
      (step) => `step-done:${step}`,
    );
    const steps = actions.filter((action) => action.startsWith("step-"));
    if (steps.join() !== wanted.join())
      find("wrong", `the steps of the audit trail are ${steps.join(", ")}`);
  }

  /** Afterwards people may still be refused, and nothing else happens. */
  function judgeEnd(last: string): void {
    if (!told.finished) return;
    const after = actions.slice(actions.lastIndexOf(last) + 1);
    const others = after.filter((action) => !action.startsWith("refused:"));
    if (others.length > 0) find("wrong", `after the end: ${others.join(", ")}`);
  }
}

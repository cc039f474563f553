import type { Environment } from "../../config/config.ts";
import { groupOf, type Action, type NotAllowed } from "../../deployment/policy.ts";
import { escaped, list } from "./text.ts";

const verbs: Readonly<Record<Action, string>> = {
  deploy: "deploy to",
  rollback: "roll back",
  approve: "decide about",
  override: "go past locks and freezes of",
  lock: "lock",
  unlock: "unlock",
  block: "block builds of",
  unblock: "release builds of",
  cancel: "cancel in",
  retry: "retry in",
};

/** Whose word it would take, or that nobody could tell; nothing was done. Markdown. */
export function notAllowedWords({ state, action, environment }: NotAllowed): string {
  const where = environment === undefined ? "every environment" : escaped(environment, 60);
  return state === "unchecked"
    ? uncheckedWords
    : `You are not among the people who may ${verbs[action]} ${where}. Nothing was done; **help** says who may what.`;
}

export const uncheckedWords =
  "omnibot could not check with Entra whether you may do that, so nothing was done. Please try again in a moment.";

/** `two people and one group`, of a list in the configuration. */
export function peopleWords(who: readonly string[]): string {
  const groups = who.filter((one) => groupOf(one) !== undefined).length;
  const people = who.length - groups;
  return list([
    ...(people === 0 ? [] : [people === 1 ? "one person" : `${people} people`]),
    ...(groups === 0 ? [] : [groups === 1 ? "one group" : `${groups} groups`]),
  ]);
}

/** Who may do what in an environment, where the configuration restricts it; a sentence of its own, or nothing. */
export function permissionsWords({ permissions, override }: Environment): string {
  const rules = { ...permissions, ...(override.length === 0 ? {} : { override }) };
  const said = Object.entries(rules).flatMap(([action, who]) =>
    who === undefined ? [] : [`**${action}** ${peopleWords(who)}`],
  );
  return said.length === 0 ? "" : ` Only some may: ${said.join("; ")}.`;
}

import { readFileSync } from "node:fs";
import { GlobalSettings, Template } from "adaptivecards-templating";

export type TemplateName =
  | "request"
  | "progress"
  | "final"
  | "failed"
  | "closed"
  | "status"
  | "history"
  | "choice"
  | "stats"
  | "help"
  | "welcome";

/** An expanded card: JSON for Teams. */
export type Card = Readonly<Record<string, unknown>>;

// A missing field would otherwise leave its literal `${name}` in the card (adaptivecards-templating 2.3.1).
GlobalSettings.getUndefinedFieldValueSubstitutionString = () => "";

const templates = new Map<TemplateName, Template>();

/** Fills `cards/<name>.json` with a view. Views hold finished texts; the template only says where they stand. */
export function expand(name: TemplateName, view: object): Card {
  return templateOf(name).expand({ $root: view }) as Card;
}

/** Parsed once: a fresh template costs about four times as much as filling one. */
function templateOf(name: TemplateName): Template {
  const known = templates.get(name);
  if (known !== undefined) return known;
  const file = new URL(`../../../cards/${name}.json`, import.meta.url);
  const template = new Template(JSON.parse(readFileSync(file, "utf8")));
  templates.set(name, template);
  return template;
}

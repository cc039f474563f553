import type { KubernetesObject } from "./objects.ts";

export type Selector = (object: KubernetesObject) => boolean;

/** A selector that the API server refuses with 400. */
export class SelectorError extends Error {}

/** Understands `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a` and `!a`, joined by commas. */
export function parseLabelSelector(text: string): Selector {
  const tests = splitOutsideParentheses(text).map(parseLabelRequirement);
  return (object) => tests.every((test) => test(object.metadata.labels ?? {}));
}

type LabelTest = (labels: Readonly<Record<string, string>>) => boolean;

function parseLabelRequirement(text: string): LabelTest {
  const set = /^([^\s!=,()]+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(text);
  if (set !== null) {
    const [, key = "", operator, list = ""] = set;
    const values = new Set(list.split(",").map((value) => value.trim()));
    return (labels) => values.has(labels[key] ?? "\0") === (operator === "in");
  }
  const equality = /^([^\s!=,()]+)\s*(==|=|!=)\s*([^\s!=,()]*)$/.exec(text);
  if (equality !== null) {
    const [, key = "", operator, value] = equality;
    return (labels) => (labels[key] === value) === (operator !== "!=");
  }
  const exists = /^(!?)\s*([^\s!=,()]+)$/.exec(text);
  if (exists === null) throw new SelectorError(`unable to parse requirement: ${text}`);
  const [, not, key = ""] = exists;
  return (labels) => Object.hasOwn(labels, key) === (not === "");
}

function splitOutsideParentheses(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** Understands the fields that every kind knows, and involvedObject.*, reason and type of events, status.phase of pods. */
export function parseFieldSelector(text: string): Selector {
  const tests = splitOutsideParentheses(text).map((part) => {
    const match = /^([\w.]+)\s*(==|=|!=)\s*(.*)$/.exec(part);
    if (match === null)
      throw new SelectorError(`invalid selector: '${part}'; can't understand '${part}'`);
    const [, field = "", operator, value] = match;
    if (
      !/^(metadata\.(name|namespace)|involvedObject\.\w+|reason|type|status\.phase|spec\.nodeName)$/.test(
        field,
      )
    ) {
      throw new SelectorError(`field label not supported: ${field}`);
    }
    return (object: KubernetesObject) =>
      (readField(object, field) === value) === (operator !== "!=");
  });
  return (object) => tests.every((test) => test(object));
}

function readField(object: unknown, path: string): string {
  let value = object;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null) return "";
    value = Object.entries(value).find(([key]) => key === name)?.[1];
  }
  return typeof value === "string" ? value : "";
}

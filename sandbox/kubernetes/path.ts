import { isPlural, resources, type Plural } from "./resources.ts";

/** What a path of the API names. */
export interface Target {
  readonly plural: Plural;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/** Reads `/api/v1/…` and `/apis/<group>/<version>/…`; undefined when the server has no such resource. */
export function parsePath(path: string): Target | undefined {
  const [root, ...rest] = path
    .split("/")
    .filter((part) => part !== "")
    .map(decodeURIComponent);
  const group = root === "apis" ? rest.shift() : root === "api" ? "" : undefined;
  const version = rest.shift();
  const inNamespace = rest[0] === "namespaces" && rest.length > 2;
  const namespace = inNamespace ? rest[1] : undefined;
  const [plural = "", name, subresource, ...beyond] = inNamespace ? rest.slice(2) : rest;
  if (!isPlural(plural) || beyond.length > 0) return undefined;
  const resource = resources[plural];
  if (resource.group !== group || resource.version !== version) return undefined;
  if (resource.namespaced !== inNamespace && (name !== undefined || inNamespace)) return undefined;
  return { plural, namespace, name, subresource };
}

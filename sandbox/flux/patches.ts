import { parse } from "yaml";
import { isRecord, mergePatch } from "../kubernetes/merge-patch.ts";
import { BuildError, type Manifest } from "./manifest.ts";

/**
 * Applies the `patches` of a kustomization, or of Flux's Kustomization, as kustomize does to objects whose schema it does not
 * know: a list of operations is a JSON patch (RFC 6902), an object is merged. Throws a BuildError for what kustomize refuses.
 */
export function applyPatches(manifests: readonly Manifest[], patches: unknown): Manifest[] {
  return (Array.isArray(patches) ? patches : []).reduce<Manifest[]>(applyPatch, [...manifests]);
}

function applyPatch(manifests: readonly Manifest[], patch: unknown): Manifest[] {
  const text = isRecord(patch) ? patch["patch"] : undefined;
  if (!isRecord(patch) || typeof text !== "string")
    throw new BuildError("kustomize build failed: must specify one of patch and path");
  const content: unknown = parse(text);
  const target = targetOf(patch["target"], content);
  return manifests.map((one) =>
    fits(one, target) ? { ...one, content: patched(one.content, content) } : one,
  );
}

/** What is left out fits everything; a name is a regular expression. */
interface Target {
  readonly kind: string | undefined;
  readonly name: string | undefined;
}

function targetOf(given: unknown, content: unknown): Target {
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  if (isRecord(given)) return { kind: text(given["kind"]), name: text(given["name"]) };
  const metadata = isRecord(content) ? content["metadata"] : undefined;
  if (isRecord(content) && isRecord(metadata))
    return { kind: text(content["kind"]), name: text(metadata["name"]) };
  throw new BuildError("kustomize build failed: must specify a target for JSON patch");
}

function fits({ kind, name }: Manifest, target: Target): boolean {
  return (
    (target.kind ?? kind) === kind &&
    (target.name === undefined || new RegExp(`^(${target.name})$`).test(name))
  );
}

function patched(object: Manifest["content"], patch: unknown): Manifest["content"] {
  const found = Array.isArray(patch)
    ? patch.reduce<unknown>(operate, structuredClone(object))
    : mergePatch(object, patch);
  return isRecord(found) ? found : object;
}

function operate(object: unknown, operation: unknown): unknown {
  const { op, path = "", value } = isRecord(operation) ? operation : {};
  const keys = String(path)
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = keys.pop() ?? "";
  const parent = keys.reduce<unknown>((at, key) => (isRecord(at) ? at[key] : undefined), object);
  if (!isRecord(parent) || (op !== "add" && !Object.hasOwn(parent, last)))
    throw new BuildError(
      `kustomize build failed: ${String(op)} operation does not apply: doc is missing key: ${String(path)}: missing value`,
    );
  if (op === "remove") delete parent[last];
  else parent[last] = value;
  return object;
}

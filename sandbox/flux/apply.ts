import type { Kubernetes } from "../kubernetes/kubernetes.ts";
import { createNamespace } from "../kubernetes/kubernetes.ts";
import { isRecord } from "../kubernetes/merge-patch.ts";
import type { Metadata } from "../kubernetes/objects.ts";
import { pluralOf, resources } from "../kubernetes/resources.ts";
import type { Manifest } from "./manifest.ts";

/** What the API server would refuse in a dry run. */
export class ApplyError extends Error {}

export interface Owner {
  readonly name: string;
  readonly namespace: string;
}

/** Applies objects on the server's side: what was applied before and is gone from the manifest is removed, the rest stays. */
export class Applier {
  readonly #kubernetes: Kubernetes;
  readonly #applied = new Map<string, unknown>();

  constructor(kubernetes: Kubernetes) {
    this.#kubernetes = kubernetes;
  }

  /** Throws an ApplyError before anything is changed by this object. Kinds that the sandbox does not serve are passed over. */
  apply(manifest: Manifest, owner: Owner): void {
    const { store } = this.#kubernetes;
    const { apiVersion, kind, name } = manifest;
    const plural = pluralOf(apiVersion, kind);
    if (plural === undefined) return;
    const namespace = resources[plural].namespaced ? (manifest.namespace ?? "default") : undefined;
    validate(manifest);
    const labels = {
      "kustomize.toolkit.fluxcd.io/name": owner.name,
      "kustomize.toolkit.fluxcd.io/namespace": owner.namespace,
    };
    if (plural === "namespaces") createNamespace(store, name);
    const metadata = isRecord(manifest.content["metadata"]) ? manifest.content["metadata"] : {};
    const annotations = toTexts(metadata["annotations"]);
    const wantedLabels = { ...toTexts(metadata["labels"]), ...labels };
    const { spec } = manifest.content;
    const key = inventoryId(manifest);
    const before = this.#applied.get(key);
    const updated = store.update(plural, namespace, name, (draft) => {
      if (spec !== undefined) draft.spec = mergeApplied(draft.spec, before, spec);
      draft.metadata.labels = { ...draft.metadata.labels, ...wantedLabels };
      if (Object.keys(annotations).length > 0)
        draft.metadata.annotations = { ...draft.metadata.annotations, ...annotations };
    });
    this.#applied.set(key, spec);
    if (updated !== undefined) return;
    if (namespace !== undefined && store.get("namespaces", undefined, namespace) === undefined) {
      throw new ApplyError(
        `${kind}/${namespace}/${name} namespace not specified: namespaces "${namespace}" not found`,
      );
    }
    const created: Pick<Metadata, "name" | "namespace" | "labels" | "annotations"> = {
      name,
      labels: wantedLabels,
    };
    if (namespace !== undefined) created.namespace = namespace;
    if (Object.keys(annotations).length > 0) created.annotations = annotations;
    // Flux's custom resources say -1 until they were looked at for the first time.
    const content = {
      metadata: created,
      spec,
      status: resources[plural].custom ? { observedGeneration: -1 } : {},
    };
    store.create(plural, content);
  }

  /** Removes an object that is no longer wanted. */
  prune(id: string): void {
    const [namespace = "", name = "", group = "", kind = ""] = id.split("_");
    const plural = Object.entries(resources).find(
      ([, one]) => one.group === group && one.kind === kind,
    )?.[0];
    this.#applied.delete(id);
    if (plural === "helmreleases" || plural === "ocirepositories")
      this.#kubernetes.store.remove(plural, namespace, name);
  }
}

/** `<namespace>_<name>_<group>_<kind>`, as cli-utils writes it. */
export function inventoryId({ apiVersion, kind, name, namespace }: Manifest): string {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.lastIndexOf("/")) : "";
  return [kind === "Namespace" ? "" : (namespace ?? ""), name, group, kind].join("_");
}

/** Fields that somebody else set stay; those that were applied before and are not wanted any more go. */
function mergeApplied(live: unknown, before: unknown, wanted: unknown): unknown {
  if (!isRecord(live) || !isRecord(wanted)) return wanted;
  const known: Readonly<Record<string, unknown>> = isRecord(before) ? before : {};
  const kept = Object.entries(live).filter(
    ([name]) => Object.hasOwn(wanted, name) || !Object.hasOwn(known, name),
  );
  const set = Object.entries(wanted).map(([name, value]) => [
    name,
    mergeApplied(live[name], known[name], value),
  ]);
  return Object.fromEntries([...kept, ...set]);
}

/** The little of the schema that a hand-made change breaks most easily. */
function validate({ kind, name, namespace, content }: Manifest): void {
  if (kind !== "HelmRelease") return;
  const spec = isRecord(content["spec"]) ? content["spec"] : {};
  const wrong =
    typeof spec["interval"] !== "string"
      ? "spec.interval: Required value"
      : spec["chart"] === undefined && spec["chartRef"] === undefined
        ? 'spec: Invalid value: "object": either chart or chartRef must be set'
        : undefined;
  if (wrong === undefined) return;
  throw new ApplyError(
    `HelmRelease/${namespace}/${name} dry-run failed (Invalid): HelmRelease.helm.toolkit.fluxcd.io "${name}" is invalid: ${wrong}`,
  );
}

function toTexts(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]));
}

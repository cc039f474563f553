import type { ReleaseName } from "../deployment/deployment.ts";
import type { Preflight } from "../deployment/preflight.ts";
import { overrideOf, suspendedOf, type FluxObjects } from "./flux.ts";
import { tagOf, type HelmRelease } from "./flux-objects.ts";
import { isReleased, words } from "./helm-release.ts";
import { conditionOf } from "./objects.ts";

/** What would keep a new tag from being applied, on a cluster that should carry the tag `now`. */
export function preflightOf(objects: FluxObjects, { name }: ReleaseName, now: string): Preflight {
  const { release, path } = objects;
  if (release === undefined)
    return { warnings: [`There is no HelmRelease ${name} on the cluster.`], unchecked: [] };
  const override = overrideOf(release, path);
  const suspended = suspensions(objects);
  const cause = suspendedOf(objects);
  const [warning] = suspended;
  return {
    ...(cause === undefined || warning === undefined ? {} : { blocked: { warning, cause } }),
    warnings: [
      ...suspended,
      ...applyTrouble(objects),
      ...releaseTrouble(release),
      ...(override === undefined ? [] : [`${override} A change in Git will not matter.`]),
      ...otherTag(release, path, now),
    ],
    unchecked: [],
  };
}

export function suspensions({
  release,
  kustomization,
  repository,
}: FluxObjects): readonly string[] {
  const what = [
    repository?.spec.suspend === true ? `The source ${repository.metadata.name}` : undefined,
    kustomization?.spec.suspend === true
      ? `Kustomization ${kustomization.metadata.name}`
      : undefined,
    release?.spec.suspend === true ? `HelmRelease ${release.metadata.name}` : undefined,
  ];
  return what
    .filter((one) => one !== undefined)
    .map((one) => `${one} is suspended: nothing is applied until somebody resumes it.`);
}

export function applyTrouble({ kustomization, repository }: FluxObjects): readonly string[] {
  const fetching = conditionOf(repository?.status.conditions ?? [], "FetchFailed");
  if (fetching?.status === "True") return [`Flux cannot fetch the repository: ${words(fetching)}`];
  const ready = conditionOf(kustomization?.status.conditions ?? [], "Ready");
  if (kustomization === undefined || ready?.status !== "False") return [];
  return [`Kustomization ${kustomization.metadata.name} is not well: ${words(ready)}`];
}

/** A release that is at work is told apart from one that has given up: the first may only need a moment. */
export function releaseTrouble(release: HelmRelease): readonly string[] {
  const { metadata, spec, status } = release;
  if (spec.suspend || isReleased(release)) return [];
  const name = `HelmRelease ${metadata.name}`;
  const stalled = conditionOf(status.conditions, "Stalled");
  if (stalled?.status === "True") return [`${name} is stalled: ${words(stalled)}`];
  const ready = conditionOf(status.conditions, "Ready");
  const reconciling = conditionOf(status.conditions, "Reconciling");
  if (reconciling?.status === "True") return [`Helm is at work on ${name}: ${words(reconciling)}`];
  if (ready?.status === "False") return [`${name} is not well: ${words(ready)}`];
  return status.observedGeneration < metadata.generation || ready?.status === "Unknown"
    ? [`Flux has not finished with ${name} yet.`]
    : [];
}

export function otherTag(
  release: HelmRelease,
  path: readonly string[],
  now: string,
): readonly string[] {
  const tag = tagOf(release, path);
  if (tag === now) return [];
  const carried = tag === undefined ? "no tag" : tag;
  return [
    `The cluster has ${carried} where Git wants ${now}: Flux is behind, or something else sets the tag.`,
  ];
}

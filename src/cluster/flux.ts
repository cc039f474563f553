import type { Bad, FluxState, Wanted } from "../deployment/ports.ts";
import {
  digestOf,
  shortRevision,
  tagOf,
  type HelmRelease,
  type Kustomization,
  type Repository,
} from "./flux-objects.ts";
import { bad, judgeRelease, words } from "./helm-release.ts";
import { conditionOf } from "./objects.ts";

/** The three objects of a deployment, as they are now. Read the release last: what it carries is the proof. */
export interface FluxObjects {
  readonly release: HelmRelease | undefined;
  /** The Kustomization that applies the release; undefined where none does. */
  readonly kustomization: Kustomization | undefined;
  /** Its source. */
  readonly repository: Repository | undefined;
  /** Where the tag stands in the HelmRelease. */
  readonly path: readonly string[];
}

/**
 * How far Flux has brought this commit and tag: fetched, applied, released. Decided from the whole present
 * state, never from an event.
 */
export function decideFlux(objects: FluxObjects, wanted: Wanted): FluxState {
  const { release, kustomization, repository, path } = objects;
  if (release === undefined) {
    return bad("release-missing", `There is no HelmRelease ${wanted.release.name}.`);
  }
  const tag = tagOf(release, path);
  if (tag !== wanted.tag) {
    if (wanted.generation !== undefined) {
      return bad("superseded", `The HelmRelease carries ${tag ?? "no tag"} now.`);
    }
    return beforeApplied(objects, release, wanted);
  }
  const override = overrideOf(release, path);
  if (override !== undefined) return bad("values-overridden", override);
  const revision =
    kustomization?.status.lastAttemptedRevision ?? repository?.status.artifact?.revision;
  return judgeRelease(release, wanted.generation ?? release.metadata.generation, revision);
}

function beforeApplied(objects: FluxObjects, release: HelmRelease, wanted: Wanted): FluxState {
  const { kustomization, repository, path } = objects;
  const suspended = suspendedOf(objects);
  if (suspended !== undefined) return bad("flux-suspended", `${suspended} is suspended.`);

  const revision = repository?.status.artifact?.revision;
  const commit = wanted.commit.slice(0, 7);
  const attempted = kustomization?.status.lastAttemptedRevision;
  if (attempted !== undefined && digestOf(attempted) === wanted.commit) {
    const failure = applyFailure(kustomization);
    if (failure !== undefined) return failure;
    const applied = kustomization?.status.lastAppliedRevision;
    if (applied !== undefined && digestOf(applied) === wanted.commit) {
      const carried = tagOf(release, path) ?? "no tag";
      return bad(
        "values-overridden",
        `Flux applied ${commit}; the HelmRelease carries ${carried}.`,
      );
    }
  }
  if (revision !== undefined && digestOf(revision) === wanted.commit) {
    return { state: "applying", sentence: `Flux applies ${commit}${trouble(kustomization)}` };
  }
  const unfetched = fetchFailure(repository, wanted.since);
  if (unfetched !== undefined) return unfetched;
  const at = revision === undefined ? "has fetched nothing" : `is at ${shortRevision(revision)}`;
  const why = `${fetchTrouble(repository)}${trouble(kustomization)}`;
  return { state: "fetching", sentence: `Flux ${at}, waits for ${commit}${why}` };
}

/** Whatever is suspended will not move by itself: that is told at once. */
function suspendedOf({ release, kustomization, repository }: FluxObjects): string | undefined {
  if (repository?.spec.suspend === true) return `The source ${repository.metadata.name}`;
  if (kustomization?.spec.suspend === true) return `Kustomization ${kustomization.metadata.name}`;
  if (release?.spec.suspend === true) return `HelmRelease ${release.metadata.name}`;
  return undefined;
}

/** A `valuesFrom` with a target path beats the values of the release itself. */
export function overrideOf({ spec }: HelmRelease, path: readonly string[]): string | undefined {
  const target = path.slice(2).join(".");
  const found = spec.valuesFrom.some((one) => one.targetPath === target && !one.optional);
  return found ? `valuesFrom of the HelmRelease sets ${target}.` : undefined;
}

/** Why the Kustomization cannot bring our commit; its words are about that commit, since it attempted no other since. */
function applyFailure(kustomization: Kustomization | undefined): Bad | undefined {
  const conditions = kustomization?.status.conditions ?? [];
  const ready = conditionOf(conditions, "Ready");
  if (ready?.status === "False" && ready.reason === "BuildFailed") {
    return bad("flux-build-failed", words(ready));
  }
  if (ready?.status === "False" && ready.reason === "ReconciliationFailed") {
    return bad("flux-apply-failed", words(ready));
  }
  const stalled = conditionOf(conditions, "Stalled");
  return stalled?.status === "True" ? bad("flux-apply-failed", words(stalled)) : undefined;
}

/** Failing for another commit, or for a reason that may pass, is worth a word and nothing more. */
function trouble(kustomization: Kustomization | undefined): string {
  const ready = conditionOf(kustomization?.status.conditions ?? [], "Ready");
  return ready?.status === "False" ? `. Kustomization: ${words(ready)}` : "";
}

/** Answers of a Git server that a retry does not change. */
const refusal = /authenticat|authoriz|forbidden|denied|not found|couldn't find|invalid/i;

/** Why our commit cannot be fetched, when Flux has looked since the merge and the reason will not pass by itself. */
function fetchFailure(repository: Repository | undefined, since: number): Bad | undefined {
  const failed = conditionOf(repository?.status.conditions ?? [], "FetchFailed");
  if (failed?.status !== "True") return undefined;
  const handled = Date.parse(repository?.status.lastHandledReconcileAt ?? "");
  const looked = Math.max(failed.lastTransitionTime ?? 0, Number.isNaN(handled) ? 0 : handled);
  if (looked < since) return undefined;
  const lasting = failed.reason === "AuthenticationFailed" || refusal.test(failed.message ?? "");
  return lasting ? bad("flux-fetch-failed", words(failed)) : undefined;
}

function fetchTrouble(repository: Repository | undefined): string {
  const failed = conditionOf(repository?.status.conditions ?? [], "FetchFailed");
  return failed?.status === "True" ? `. It cannot fetch: ${words(failed)}` : "";
}

import type { CauseCode } from "../deployment/causes.ts";
import type { Bad, FluxState, Wanted } from "../deployment/ports.ts";
import {
  digestOf,
  shortRevision,
  tagOf,
  type HelmRelease,
  type Kustomization,
  type Repository,
} from "./flux-objects.ts";
import { bad, judgeRelease, suspended, words } from "./helm-release.ts";
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
 * state, never from an event; `now` is ms since 1970.
 */
export function decideFlux(objects: FluxObjects, wanted: Wanted, now: number): FluxState {
  const { release, kustomization, repository, path } = objects;
  if (release === undefined) {
    return bad("release-missing", `There is no HelmRelease ${wanted.release.name}.`);
  }
  const revision =
    kustomization?.status.lastAttemptedRevision ?? repository?.status.artifact?.revision;
  const tag = tagOf(release, path);
  if (tag !== wanted.tag) {
    if (wanted.generation === undefined) return beforeApplied(objects, release, wanted, now);
    const from = revision === undefined ? "" : `, from ${shortRevision(revision)}`;
    return bad("superseded", `The HelmRelease carries ${tag ?? "no tag"} now${from}.`);
  }
  const override = overrideOf(release, path);
  if (override !== undefined) return bad("values-overridden", override);
  const first = wanted.generation ?? release.metadata.generation;
  const state = judgeRelease(release, first, revision, now);
  if (state.state !== "upgrading" || !isUnseen(release, wanted, now)) return state;
  const busy = conditionOf(release.status.conditions, "Reconciling");
  const doing = busy?.status === "True" ? `, busy: ${words(busy)}` : "";
  const sentence = `helm-controller has not looked at the release${doing}`;
  return { ...state, sentence, late: "flux-silent" };
}

/** How long (ms) a controller may take to look at what is new; usually it takes milliseconds. */
const prompt = 30_000;

/** Whether the new generation of the release is there for a while, and its controller has not begun with it. */
function isUnseen({ metadata, status }: HelmRelease, { appliedAt }: Wanted, now: number): boolean {
  if (appliedAt === undefined || now - appliedAt < prompt) return false;
  const { generation } = metadata;
  const begun = status.conditions.some((one) => (one.observedGeneration ?? 0) >= generation);
  return status.observedGeneration < generation && !begun;
}

function beforeApplied(
  objects: FluxObjects,
  release: HelmRelease,
  wanted: Wanted,
  now: number,
): FluxState {
  const { kustomization, repository, path } = objects;
  const still = suspendedOf(objects);
  if (still !== undefined) return still;

  const tag = tagOf(release, path);
  const commit = wanted.commit.slice(0, 7);
  const attempted = kustomization?.status.lastAttemptedRevision;
  if (attempted !== undefined && digestOf(attempted) === wanted.commit) {
    const failure = applyFailure(kustomization);
    if (failure !== undefined) return failure;
    if (kustomization !== undefined && hasApplied(kustomization, wanted.commit)) {
      return bad(
        "values-overridden",
        `Flux applied ${commit}; the HelmRelease carries ${tag ?? "no tag"}.`,
      );
    }
  }
  const revision = repository?.status.artifact?.revision;
  if (revision !== undefined && digestOf(revision) === wanted.commit) {
    return { state: "applying", ...applying(objects, commit, now) };
  }
  const unfetched = fetchFailure(repository, wanted.since);
  if (unfetched !== undefined) return unfetched;
  return { state: "fetching", ...fetching(objects, wanted, now) };
}

/** With `wait: true` its status says so only after the health checks, which begin when everything is applied. */
function hasApplied({ status }: Kustomization, commit: string): boolean {
  const { lastAppliedRevision } = status;
  if (lastAppliedRevision !== undefined && digestOf(lastAppliedRevision) === commit) return true;
  const now = conditionOf(status.conditions, "Reconciling");
  const checking = /^Running health checks for revision (\S+)/.exec(now?.message ?? "")?.[1];
  return now?.status === "True" && checking !== undefined && digestOf(checking) === commit;
}

interface Waits {
  readonly sentence: string;
  readonly late?: CauseCode;
}

function applying({ kustomization, repository }: FluxObjects, commit: string, now: number): Waits {
  const since = repository?.status.artifact?.lastUpdateTime ?? now;
  const attempted = kustomization?.status.lastAttemptedRevision;
  const ours = attempted !== undefined && digestOf(attempted).startsWith(commit);
  const ready = conditionOf(kustomization?.status.conditions ?? [], "Ready");
  if (ready?.status === "False" && ready.reason === "DependencyNotReady") {
    return { sentence: `Flux waits: ${words(ready)}`, late: "dependency-not-ready" };
  }
  if (ours || now - since < prompt) {
    return { sentence: `Flux applies ${commit}${trouble(kustomization)}` };
  }
  const busy = conditionOf(kustomization?.status.conditions ?? [], "Reconciling");
  const doing = busy?.status === "True" ? `, busy: ${words(busy)}` : "";
  return {
    sentence: `kustomize-controller has not taken up ${commit}${doing}`,
    late: "flux-silent",
  };
}

function fetching({ kustomization, repository }: FluxObjects, wanted: Wanted, now: number): Waits {
  const commit = wanted.commit.slice(0, 7);
  const revision = repository?.status.artifact?.revision;
  const at = revision === undefined ? "has fetched nothing" : `is at ${shortRevision(revision)}`;
  const cannot = fetchTrouble(repository);
  const sentence = `Flux ${at}, waits for ${commit}${cannot}${trouble(kustomization)}`;
  if (cannot !== "") return { sentence, late: "flux-fetch-failed" };
  if (repository === undefined || !isDeaf(repository, wanted.since, now)) return { sentence };
  return {
    sentence: `source-controller has not looked at the repository; ${sentence}`,
    late: "flux-silent",
  };
}

/** Whether the source was asked to look, or its interval has passed since the merge, and it has not looked. */
function isDeaf({ metadata, spec, status }: Repository, since: number, now: number): boolean {
  const asked = metadata.annotations["reconcile.fluxcd.io/requestedAt"];
  const at = Date.parse(asked ?? "");
  if (asked !== undefined && at >= since) {
    return asked !== status.lastHandledReconcileAt && now - at >= prompt;
  }
  return spec.interval > 0 && now - since >= spec.interval + prompt;
}

/** Whatever is suspended will not move by itself: that is told at once. */
export function suspendedOf({ release, kustomization, repository }: FluxObjects): Bad | undefined {
  // Only a GitRepository has the address of a repository on a Git server.
  const source = repository?.spec.url.startsWith("oci://") === true ? "source oci" : "source git";
  if (repository?.spec.suspend === true) return suspended(source, repository);
  if (kustomization?.spec.suspend === true) return suspended("kustomization", kustomization);
  if (release?.spec.suspend === true) return suspended("helmrelease", release);
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

/** Answers of a server, of Git or of charts, that a retry does not change. */
export const refusal =
  /authenticat|authoriz|forbidden|denied|not found|couldn't find|no match|invalid/i;

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

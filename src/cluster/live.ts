import type { LiveState } from "../deployment/ports.ts";
import {
  shortRevision,
  type HelmRelease,
  type Kustomization,
  type Repository,
} from "./flux-objects.ts";
import { isReleased, words } from "./helm-release.ts";
import { shortTag } from "./image.ts";
import { conditionOf } from "./objects.ts";
import { decideRollout } from "./rollout.ts";
import type { RolloutObjects } from "./workload.ts";

export interface LiveObjects {
  readonly release: HelmRelease | undefined;
  readonly kustomization: Kustomization | undefined;
  readonly repository: Repository | undefined;
  readonly tag: string | undefined;
  /** Undefined where the workloads cannot be seen. */
  readonly objects: RolloutObjects | undefined;
  readonly imageRepository: string;
}

/** What runs now, in two sentences. */
export function liveState(live: LiveObjects): LiveState {
  return { tag: live.tag, flux: fluxState(live), pods: podsState(live) };
}

function fluxState({ release, kustomization, repository }: LiveObjects): LiveState["flux"] {
  if (release === undefined) return { ok: false, sentence: "there is no such HelmRelease" };
  const suspended = [
    { kind: "the source", object: repository },
    { kind: "Kustomization", object: kustomization },
    { kind: "HelmRelease", object: release },
  ].find(({ object }) => object?.spec.suspend === true);
  if (suspended !== undefined) {
    const { kind, object } = suspended;
    return { ok: false, sentence: `${kind} ${object?.metadata.name ?? ""} is suspended` };
  }
  for (const [kind, object] of [
    ["source", repository],
    ["Kustomization", kustomization],
    ["HelmRelease", release],
  ] as const) {
    const ready = conditionOf(object?.status.conditions ?? [], "Ready");
    if (ready?.status === "False") return { ok: false, sentence: `${kind}: ${words(ready)}` };
  }
  if (!isReleased(release)) return { ok: false, sentence: "Helm is at work" };
  const newest = release.status.history[0];
  const revision = kustomization?.status.lastAppliedRevision;
  const at = revision === undefined ? "" : `, at ${shortRevision(revision)}`;
  const since = Date.parse(newest?.lastDeployed ?? "");
  return {
    ok: true,
    sentence: `release ${newest?.version ?? ""}${at}`,
    ...(Number.isNaN(since) ? {} : { since }),
  };
}

function podsState({ tag, objects, imageRepository }: LiveObjects): LiveState["pods"] {
  if (tag === undefined || objects === undefined) return { ok: false, sentence: "not known" };
  const wanted = { repository: imageRepository, tag, digests: undefined };
  const state = decideRollout(objects, wanted);
  switch (state.state) {
    case "ready":
      return { ok: true, sentence: `${state.pods} of ${state.pods} ready on ${shortTag(tag)}` };
    case "progressing":
      return { ok: false, sentence: state.sentence };
    case "failed":
      return { ok: false, sentence: state.detail };
  }
}

import type { RunningPod } from "../deployment/deployment.ts";
import type { Bad, RolloutState } from "../deployment/ports.ts";
import { standingOfDeployment } from "./deployment-rollout.ts";
import { bad } from "./helm-release.ts";
import { shortTag, shortTags } from "./image.ts";
import type { Pod } from "./objects.ts";
import { crashedContainer, judgePod, type PodState, type WantedImage } from "./pods.ts";
import { standingOfDaemonSet, standingOfStatefulSet } from "./set-rollout.ts";
import { carries, tagsIn, type RolloutObjects, type Standing } from "./workload.ts";

/**
 * How the pods of every workload of a release stand that carries the image. The first pod that will certainly not come up
 * decides: a Deployment tells of it minutes later. Decided from the whole present state, never from an event.
 */
export function decideRollout(objects: RolloutObjects, wanted: WantedImage): RolloutState {
  const workloads = carrying(objects, wanted);
  if (workloads.length === 0) {
    if (!objects.released) return progressing([], "Helm has not created the workloads yet", wanted);
    return bad("workloads-not-found", `No workload carries ${wanted.repository}.`);
  }
  const judged = workloads.map(({ standing, current }) =>
    judge(standing, current, wanted, objects),
  );
  const failure = judged.find((one) => one.failure !== undefined)?.failure;
  if (failure !== undefined) return failure;
  const trouble = judged.find((one) => one.trouble !== undefined)?.trouble;
  if (!judged.every((one) => one.done)) return progressing(judged, trouble, wanted);
  const running = judged.flatMap((one) => one.ready);
  const digest = running.find((one) => one.digest !== undefined)?.digest;
  return { state: "ready", pods: running.length, digest, running };
}

/** The crashing container of a new pod, whose log says why. */
export function findCrash(
  objects: RolloutObjects,
  wanted: WantedImage,
): { readonly pod: Pod; readonly container: string } | undefined {
  for (const { standing, current } of carrying(objects, wanted)) {
    for (const pod of current ? (standing.fresh ?? []) : []) {
      const container = crashedContainer(pod);
      if (container !== undefined) return { pod, container };
    }
  }
  return undefined;
}

interface Carrying {
  readonly standing: Standing;
  /** Whether it carries the wanted tag; another's pods are not ours to judge. */
  readonly current: boolean;
}

function carrying(objects: RolloutObjects, { repository, tag }: WantedImage): readonly Carrying[] {
  const { deployments, statefulSets, daemonSets } = objects;
  const all = [
    ...deployments.map((one) => ({
      template: one.spec.template,
      standing: standingOfDeployment(one, objects),
    })),
    ...statefulSets.map((one) => ({
      template: one.spec.template,
      standing: standingOfStatefulSet(one, objects),
    })),
    ...daemonSets.map((one) => ({
      template: one.spec.template,
      standing: standingOfDaemonSet(one, objects),
    })),
  ];
  const found = all
    .filter(({ template }) => tagsIn(template, repository).length > 0)
    .map(({ template, standing }) => ({ standing, current: carries(template, repository, tag) }));
  // Once Helm has finished, a workload with another tag has it by the chart's own will.
  const current = found.filter((one) => one.current);
  return objects.released && current.length > 0 ? current : found;
}

interface Judged {
  readonly done: boolean;
  readonly desired: number;
  /** The new pods that are ready. */
  readonly ready: readonly RunningPod[];
  readonly old: readonly Pod[];
  readonly failure?: Bad;
  readonly trouble?: string;
}

function judge(
  standing: Standing,
  current: boolean,
  wanted: WantedImage,
  { now }: RolloutObjects,
): Judged {
  const { desired, fresh, old } = standing;
  if (!current) return { done: false, desired, ready: [], old: [...old, ...(fresh ?? [])] };
  const pods = (fresh ?? []).map((pod) => ({ pod, state: judgePod(pod, wanted, now) }));
  const states = pods.map(({ state }) => state);
  const ready = pods.flatMap(({ pod, state }) =>
    state.state === "ready" ? [runningPod(standing.name, pod, state.digest)] : [],
  );
  const done = standing.complete && ready.length === states.length && ready.length >= desired;
  const trouble = states.find(isTroubled)?.trouble ?? standing.sentence;
  const failure = failureOf(states, standing, trouble);
  return {
    done,
    desired,
    ready,
    old,
    ...(failure === undefined ? {} : { failure }),
    ...(trouble === undefined ? {} : { trouble }),
  };
}

function runningPod(workload: string, { metadata }: Pod, digest: string | undefined): RunningPod {
  return { workload, pod: metadata.name, ...(digest === undefined ? {} : { digest }) };
}

/** The pods first: what they say is the cause of what their controller says. */
function failureOf(
  states: readonly PodState[],
  standing: Standing,
  trouble: string | undefined,
): Bad | undefined {
  const broken = states.find((one) => one.state === "broken");
  if (broken !== undefined) return bad(broken.code, broken.detail);
  const { failure } = standing;
  if (failure?.code !== "rollout-stalled" || trouble === undefined) return failure;
  return { ...failure, detail: `${failure.detail} ${trouble}` };
}

function progressing(
  judged: readonly Judged[],
  trouble: string | undefined,
  wanted: WantedImage,
): RolloutState {
  const pods = judged.reduce((sum, one) => sum + one.desired, 0);
  const podsReady = judged.reduce((sum, one) => sum + Math.min(one.ready.length, one.desired), 0);
  const old = judged
    .flatMap((one) => one.old)
    .flatMap((pod) => tagIn(pod, wanted.repository) ?? [])
    .filter((tag) => tag !== wanted.tag);
  const oldTag = old[0];
  const [fresh, stale] =
    oldTag === undefined ? [shortTag(wanted.tag)] : shortTags(wanted.tag, oldTag);
  const counts = judged.length === 0 ? [] : [`${podsReady} of ${pods} ready on ${fresh}`];
  const still =
    stale === undefined
      ? []
      : [`${old.filter((tag) => tag === oldTag).length} of ${pods} still on ${stale}`];
  const said = [[...counts, ...still].join(", "), trouble ?? ""].filter((part) => part !== "");
  return { state: "progressing", pods, podsReady, sentence: said.join("; ") };
}

function tagIn({ spec }: Pod, repository: string): string | undefined {
  return tagsIn({ spec }, repository).at(-1);
}

function isTroubled(state: PodState): state is Extract<PodState, { state: "pending" }> {
  return state.state === "pending" && state.trouble !== undefined;
}

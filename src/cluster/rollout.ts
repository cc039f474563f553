import type { CauseCode } from "../deployment/causes.ts";
import type { RunningPod } from "../deployment/deployment.ts";
import type { Bad, RolloutState, Suspicion } from "../deployment/ports.ts";
import type { Finding } from "./container.ts";
import { overtaken, standingOfDeployment } from "./deployment-rollout.ts";
import { bad } from "./helm-release.ts";
import { shortTag, shortTags } from "./image.ts";
import { standingOfJob } from "./job-rollout.ts";
import type { Job, Pod } from "./objects.ts";
import { judgePod, type PodState, type WantedImage } from "./pods.ts";
import { standingOfDaemonSet, standingOfStatefulSet } from "./set-rollout.ts";
import { carries, tagsIn, type RolloutObjects, type Standing } from "./workload.ts";

/** The image that is wanted, and since when (ms since 1970), where that is known. */
export interface WantedRollout extends WantedImage {
  readonly since?: number;
}

/** What passes its deadline is not lost: the controllers go on, and it may become ready yet. Milliseconds. */
const hope = 60_000;

/**
 * How the pods of every workload of a release stand that carries the image. The first pod that will certainly not come up
 * decides: a Deployment tells of it minutes later. Decided from the whole present state, never from an event.
 */
export function decideRollout(objects: RolloutObjects, wanted: WantedRollout): RolloutState {
  const workloads = carrying(objects, wanted);
  if (workloads.length === 0) {
    if (!objects.released) return progressing([], "Helm has not created the workloads yet", wanted);
    return bad("workloads-not-found", `No workload carries ${wanted.repository}.`);
  }
  const judged = workloads.map((one) => judge(one, wanted, objects));
  const failures = judged.flatMap((one) => one.failure ?? []);
  // What will not heal comes first.
  const failure = failures.find((one) => one.patience === undefined) ?? failures[0];
  if (failure !== undefined) return failure;
  const troubles = judged.flatMap((one) => one.trouble ?? []);
  const trouble = troubles.find(isSuspicion) ?? troubles[0];
  if (!judged.every((one) => one.done)) return progressing(judged, trouble, wanted);
  const running = judged.flatMap((one) => one.ready);
  const digest = running.find((one) => one.digest !== undefined)?.digest;
  return { state: "ready", pods: running.length, digest, running };
}

/** The new pod that is worst off, with the container that may say in its log why. */
export function findTroubled(
  objects: RolloutObjects,
  wanted: WantedImage,
): { readonly pod: Pod; readonly container?: string } | undefined {
  const all = carrying(objects, wanted)
    .filter(({ current }) => current)
    .flatMap(({ standing }) => standing.fresh ?? [])
    .map((pod) => ({ pod, state: judgePod(pod, wanted, objects.now, objects.events) }));
  const worst =
    all.find(({ state }) => state.state === "broken") ??
    all.find(({ state }) => isSuspicion(state));
  if (worst === undefined || worst.state.state === "ready") return undefined;
  const { container } = worst.state;
  return { pod: worst.pod, ...(container === undefined ? {} : { container }) };
}

interface Carrying {
  readonly standing: Standing;
  /** Whether it carries the wanted tag; another's pods are not ours to judge. */
  readonly current: boolean;
  /** Why it carries another tag, where that is somebody's doing. */
  readonly overtaken?: Bad | undefined;
}

function carrying(objects: RolloutObjects, wanted: WantedRollout): readonly Carrying[] {
  const { deployments, statefulSets, daemonSets, jobs } = objects;
  const { repository, tag } = wanted;
  const all = [
    ...deployments.map((one) => ({
      template: one.spec.template,
      standing: standingOfDeployment(one, objects),
      overtaken: overtaken(one, objects, wanted),
    })),
    ...statefulSets.map((one) => ({
      template: one.spec.template,
      standing: standingOfStatefulSet(one, objects),
    })),
    ...daemonSets.map((one) => ({
      template: one.spec.template,
      standing: standingOfDaemonSet(one, objects),
    })),
    // A Job's template never changes: one with another tag is of an earlier release, and one of before of an earlier try.
    ...jobs
      .filter((one) => carries(one.spec.template, repository, tag) && !isBefore(one, wanted.since))
      .map((one) => ({ template: one.spec.template, standing: standingOfJob(one, objects) })),
  ];
  const found = all
    .filter(({ template }) => tagsIn(template, repository).length > 0)
    .map(({ template, ...rest }) => ({ ...rest, current: carries(template, repository, tag) }));
  // Once Helm has finished, a workload with another tag has it by the chart's own will.
  const current = found.filter((one) => one.current);
  return objects.released && current.length > 0 ? current : found;
}

/** The clocks of the cluster and of the ledger may differ so much, in milliseconds. */
const clocksApart = 60_000;

function isBefore({ metadata }: Job, since: number | undefined): boolean {
  return since !== undefined && (metadata.creationTimestamp ?? since) < since - clocksApart;
}

interface Judged {
  readonly done: boolean;
  readonly current: boolean;
  readonly desired: number;
  /** The new pods that are ready. */
  readonly ready: readonly RunningPod[];
  readonly old: readonly Pod[];
  readonly failure?: Failure | undefined;
  readonly trouble?: Trouble | undefined;
}

type Failure = Extract<RolloutState, { state: "failed" }>;
type Trouble = Extract<Finding, { state: "pending" }>;

function judge(
  { standing, current, overtaken: other }: Carrying,
  wanted: WantedImage,
  { now, events }: RolloutObjects,
): Judged {
  const { desired, fresh, old } = standing;
  if (!current) {
    const all = [...old, ...(fresh ?? [])];
    return { done: false, current, desired, ready: [], old: all, failure: other };
  }
  const pods = (fresh ?? []).map((pod) => ({
    pod,
    state: mildly(judgePod(pod, wanted, now, events), standing),
  }));
  const states = pods.map(({ state }) => state);
  const ready = pods.flatMap(({ pod, state }) =>
    state.state === "ready" ? [runningPod(standing.name, pod, state.digest)] : [],
  );
  const allReady = ready.length === states.length && ready.length >= desired;
  const done = standing.complete && (allReady || standing.retries === true);
  const trouble = blocking(states.find(isSuspicion) ?? states.find(isPending), standing);
  const failure = failureOf(states, standing, trouble);
  return { done, current, desired, ready, old, failure, trouble: trouble ?? standing.trouble };
}

/** A workload that starts its failed pods anew says itself when it gives up. */
function mildly(state: PodState, { retries }: Standing): PodState {
  if (retries !== true || state.state !== "broken" || !crashes.has(state.code)) return state;
  const { code, detail } = state;
  return { state: "pending", code, trouble: detail };
}

const crashes: ReadonlySet<CauseCode> = new Set([
  "crash-loop",
  "init-container-failed",
  "out-of-memory",
]);

/** The first new pod that does not become ready holds up all others of an ordered workload. */
function blocking(trouble: Trouble | undefined, standing: Standing): Trouble | undefined {
  if (trouble?.code !== "readiness-failing" || standing.ordered !== true) return trouble;
  if (standing.old.length === 0) return trouble;
  const words = `${trouble.trouble}; the other pods of ${standing.name} wait for it`;
  return { ...trouble, code: "statefulset-blocked", trouble: words };
}

function runningPod(workload: string, { metadata }: Pod, digest: string | undefined): RunningPod {
  return { workload, pod: metadata.name, ...(digest === undefined ? {} : { digest }) };
}

/** The pods first: what they say is the cause of what their controller says. */
function failureOf(
  states: readonly PodState[],
  standing: Standing,
  trouble: Trouble | undefined,
): Failure | undefined {
  const broken = states.find((one) => one.state === "broken");
  if (broken !== undefined) return bad(broken.code, broken.detail);
  const { failure } = standing;
  if (failure?.code !== "rollout-stalled" && failure?.code !== "statefulset-blocked")
    return failure;
  const code = trouble?.code ?? failure.code;
  const detail = `${failure.detail} ${trouble?.trouble ?? ""}`.trimEnd();
  return { ...failure, code, detail, patience: hope };
}

function progressing(
  judged: readonly Judged[],
  trouble: Trouble | string | undefined,
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
  const words = typeof trouble === "object" ? trouble.trouble : (trouble ?? "");
  const suspicion = typeof trouble === "object" ? suspicionOf(trouble) : undefined;
  const more = suspicion === undefined ? words : `suspicion: ${words}`;
  const said = [[...counts, ...still].join(", "), more].filter((part) => part !== "");
  return {
    state: "progressing",
    pods,
    podsReady,
    sentence: said.join("; "),
    carried: judged.some((one) => one.current),
    ...(oldTag === undefined ? {} : { oldTag }),
    ...(suspicion === undefined ? {} : { suspicion }),
  };
}

function suspicionOf({ code, trouble }: Trouble): Suspicion | undefined {
  return code === undefined ? undefined : { code, detail: trouble };
}

function tagIn({ spec }: Pod, repository: string): string | undefined {
  return tagsIn({ spec }, repository).at(-1);
}

function isPending(state: PodState): state is Trouble {
  return state.state === "pending";
}

function isSuspicion(state: PodState): state is Trouble {
  return state.state === "pending" && state.code !== undefined;
}

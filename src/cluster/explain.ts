import type { Excerpt } from "../deployment/deployment.ts";
import type { RolloutState } from "../deployment/ports.ts";
import { tailOf } from "../deployment/words.ts";
import type { Kubernetes } from "./kubernetes.ts";
import type { Event, Pod } from "./objects.ts";
import { warningsOf } from "./pod-events.ts";
import { statusesOf, type WantedImage } from "./pods.ts";
import { findTroubled } from "./rollout.ts";
import type { RolloutObjects } from "./workload.ts";

/** The most that an excerpt holds, in bytes. */
const mostBytes = 4096;
/** The server cuts a tail at its end, so more is asked for than is kept: lines, bytes. */
const fetched = { lines: 40, bytes: 16 * 1024 };

/**
 * Adds to a failure or a suspicion what makes it useful: the last words of the container, or the newest warnings about its
 * pod. Read at first sight, since a rollback takes the pods away. Without it the verdict stands all the same.
 */
export async function explain(
  kubernetes: Kubernetes,
  verdict: RolloutState,
  objects: RolloutObjects,
  wanted: WantedImage,
): Promise<RolloutState> {
  if (verdict.state === "ready") return verdict;
  if (verdict.state === "progressing" && verdict.suspicion === undefined) return verdict;
  const troubled = findTroubled(objects, wanted);
  if (troubled === undefined) return verdict;
  const { pod, container } = troubled;
  const log =
    container === undefined || !hasRun(pod, container)
      ? undefined
      : await readCrashLog(kubernetes, { pod, container });
  const excerpt = log ?? warnings(pod, objects.events);
  if (excerpt === undefined) return verdict;
  if (verdict.state === "failed") return { ...verdict, excerpt };
  const { suspicion } = verdict;
  return suspicion === undefined ? verdict : { ...verdict, suspicion: { ...suspicion, excerpt } };
}

function hasRun(pod: Pod, name: string): boolean {
  const status = statusesOf(pod).find((one) => one.name === name);
  const { running, terminated } = status?.state ?? {};
  return [running, terminated, status?.lastState.terminated].some((one) => (one ?? null) !== null);
}

function warnings({ metadata }: Pod, events: readonly Event[]): Excerpt | undefined {
  const lines = warningsOf(events.filter(({ about }) => about === metadata.uid));
  if (lines.length === 0) return undefined;
  return { title: `Events of ${metadata.name}`, lines: tailOf(lines.join("\n"), mostBytes) };
}

/** The last words of a container that crashed, from the run that crashed; undefined where there are none to read. */
export async function readCrashLog(
  kubernetes: Kubernetes,
  { pod, container }: { readonly pod: Pod; readonly container: string },
): Promise<Excerpt | undefined> {
  const { name, namespace = "default" } = pod.metadata;
  const status = statusesOf(pod).find((one) => one.name === container);
  // While it waits, its last run is the previous one only if it has been restarted meanwhile.
  const previous = status?.state.terminated === undefined || status.state.terminated === null;
  const request = { namespace, pod: name, container, ...fetched };
  for (const run of [previous, !previous]) {
    const log = await kubernetes.readLog({ ...request, previous: run }).catch(() => "");
    const lines = tailOf(log, mostBytes);
    if (lines.length > 0) return { title: `Log of ${container} in ${name}`, lines };
  }
  return undefined;
}

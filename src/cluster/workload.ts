import type { Bad } from "../deployment/ports.ts";
import type { Finding } from "./container.ts";
import { bad } from "./helm-release.ts";
import { isOf, parseImage } from "./image.ts";
import type {
  DaemonSet,
  Deployment,
  Event,
  Job,
  Pod,
  PodTemplate,
  ReplicaSet,
  StatefulSet,
} from "./objects.ts";

/** What is looked at to decide a rollout. */
export interface RolloutObjects {
  readonly deployments: readonly Deployment[];
  readonly statefulSets: readonly StatefulSet[];
  readonly daemonSets: readonly DaemonSet[];
  readonly jobs: readonly Job[];
  readonly replicaSets: readonly ReplicaSet[];
  readonly pods: readonly Pod[];
  readonly events: readonly Event[];
  /** Whether Helm has finished with the generation that carries the tag, so that no workload is still to be changed. */
  readonly released: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What a kind's own rules say of one workload. The pods are judged afterwards, the same way for every kind. */
export interface Standing {
  /** "Deployment omnispatial-web" */
  readonly name: string;
  /** Pods that shall run. */
  readonly desired: number;
  /** Pods of the new revision; undefined while the cluster has not made out which those are. */
  readonly fresh: readonly Pod[] | undefined;
  /** Pods of older revisions that still run. */
  readonly old: readonly Pod[];
  /** Whether the controller counts the rollout as complete. */
  readonly complete: boolean;
  /** Why it will not complete, where the controller says so; the pods may know better. */
  readonly failure?: Bad;
  /** What it waits for, where the pods cannot tell. */
  readonly trouble?: Extract<Finding, { state: "pending" }>;
  /** Replaces one pod after the other: one that is not ready holds up the rest. */
  readonly ordered?: true;
  /** Starts pods that failed anew by itself, and counts how often: a crash is no more than a suspicion. */
  readonly retries?: true;
}

/** A refusal may be over within moments; an admission webhook that does not answer is often about to be restarted. Ms. */
const refusalGrace = { usual: 5000, unanswered: 60_000 };

/** The standing of a workload whose pods the cluster has refused to create for so long (ms): a suspicion at first. */
export function refusedWith(standing: Standing, words: string, sofar: number): Standing {
  const code = /exceeded quota/.test(words) ? "quota-exceeded" : "pods-not-created";
  const unanswered = /failed calling webhook|Internal error|timed? ?out|connection refused/.test(
    words,
  );
  return sofar >= (unanswered ? refusalGrace.unanswered : refusalGrace.usual)
    ? { ...standing, failure: bad(code, words) }
    : { ...standing, trouble: { state: "pending", code, trouble: words } };
}

/** The tags with which a pod template carries images of this repository. */
export function tagsIn({ spec }: PodTemplate, repository: string): readonly string[] {
  return [...spec.initContainers, ...spec.containers]
    .filter(({ image }) => isOf(image, repository))
    .map(({ image }) => parseImage(image).tag ?? "latest");
}

export function carries(template: PodTemplate, repository: string, tag: string): boolean {
  const tags = tagsIn(template, repository);
  return tags.length > 0 && tags.every((one) => one === tag);
}

/** Whether two pod templates run the same images, container by container. */
export function hasSameImages(one: PodTemplate, other: PodTemplate): boolean {
  const images = ({ spec }: PodTemplate) =>
    [...spec.initContainers, ...spec.containers]
      .map(({ name, image }) => `${name}=${image}`)
      .toSorted()
      .join(" ");
  return images(one) === images(other);
}

export function isOwnedBy(
  object: { readonly metadata: { readonly ownerReferences: readonly { readonly uid: string }[] } },
  uid: string,
): boolean {
  return object.metadata.ownerReferences.some((one) => one.uid === uid);
}

/** Pods that count: not being deleted, and not those that their node lost or threw out, which are replaced. */
export function isPresent({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  return status.phase !== "Failed" && status.phase !== "Succeeded";
}

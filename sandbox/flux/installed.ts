import { createJob } from "../kubernetes/job-controller.ts";
import type { Deployment, HelmRelease, KubernetesObject, Pod } from "../kubernetes/objects.ts";
import { isOwnedBy } from "../kubernetes/owners.ts";

import { resources } from "../kubernetes/resources.ts";
import type { Store } from "../kubernetes/store.ts";
import type { DaemonSet, Job, StatefulSet } from "../kubernetes/workload-objects.ts";
import { workloadPlurals, type Rendered, type WorkloadPlural } from "./render.ts";

export interface Installed {
  readonly plural: WorkloadPlural;
  readonly metadata: KubernetesObject["metadata"];
  readonly state: "ready" | "failed" | "going";
}

/** What a release has installed, by the labels that helm-controller puts on it, and how kstatus judges it. */
export function installedBy(store: Store, release: HelmRelease): readonly Installed[] {
  const { namespace, name } = release.metadata;
  const isOurs = ({ metadata }: KubernetesObject) =>
    metadata.labels?.["helm.toolkit.fluxcd.io/name"] === name;
  const pods = store.list("pods", namespace);
  const judged = <T extends KubernetesObject>(
    plural: WorkloadPlural,
    all: readonly T[],
    judge: (one: T) => Installed["state"],
  ): Installed[] =>
    all.filter(isOurs).map((one) => ({ plural, metadata: one.metadata, state: judge(one) }));
  return [
    ...judged("deployments", store.list("deployments", namespace), stateOfDeployment),
    ...judged("statefulsets", store.list("statefulsets", namespace), (one) =>
      crashing(one, pods) ? "failed" : stateOfStatefulSet(one),
    ),
    ...judged("daemonsets", store.list("daemonsets", namespace), (one) =>
      crashing(one, pods) ? "failed" : stateOfDaemonSet(one),
    ),
    ...judged("jobs", store.list("jobs", namespace), stateOfJob),
  ];
}

/** `Deployment/omnispatial/omnispatial-web status: 'InProgress'`, as Helm names what it waits for. */
export function describeInstalled({ plural, metadata, state }: Installed): string {
  const status = state === "failed" ? "Failed" : "InProgress";
  return `${resources[plural].kind}/${metadata.namespace ?? ""}/${metadata.name} status: '${status}'`;
}

/** Brings what the chart wants into the cluster, and takes away what it does not want any more. */
export function install(store: Store, release: HelmRelease, wanted: readonly Rendered[]): void {
  for (const one of wanted) if (one.hook === undefined) put(store, one);
  const names = new Set(wanted.map(({ plural, content }) => `${plural} ${content.metadata.name}`));
  for (const { plural, metadata } of installedBy(store, release)) {
    if (!names.has(`${plural} ${metadata.name}`))
      store.remove(plural, metadata.namespace, metadata.name);
  }
}

export function uninstall(store: Store, release: HelmRelease): void {
  for (const { plural, metadata } of installedBy(store, release))
    store.remove(plural, metadata.namespace, metadata.name);
}

/** Removes what a release that is gone has made. */
export function removeAllOf(store: Store, namespace: string | undefined, release: string): void {
  for (const plural of workloadPlurals) {
    for (const { metadata } of store.list(plural, namespace)) {
      if (metadata.labels?.["helm.toolkit.fluxcd.io/name"] === release)
        store.remove(plural, namespace, metadata.name);
    }
  }
}

/** Creates an object or changes it to what is wanted; a Job stays as it is. */
function put(store: Store, one: Rendered): void {
  const { namespace, name, labels } = one.content.metadata;
  switch (one.plural) {
    case "deployments": {
      const { content } = one;
      const updated = store.update("deployments", namespace, name, (draft) => {
        // What the chart does not say stays as it is.
        const { paused } = draft.spec;
        draft.spec = { ...content.spec, ...(paused === undefined ? {} : { paused }) };
        draft.metadata.labels = { ...labels };
      });
      if (updated === undefined) store.create("deployments", { ...content, status: {} });
      return;
    }
    case "statefulsets": {
      const { content } = one;
      const updated = store.update("statefulsets", namespace, name, (draft) => {
        draft.spec = content.spec;
        draft.metadata.labels = { ...labels };
      });
      if (updated === undefined)
        store.create("statefulsets", { ...content, status: { replicas: 0 } });
      return;
    }
    case "daemonsets": {
      const { content } = one;
      const updated = store.update("daemonsets", namespace, name, (draft) => {
        draft.spec = content.spec;
        draft.metadata.labels = { ...labels };
      });
      const status = {
        currentNumberScheduled: 0,
        desiredNumberScheduled: 0,
        numberMisscheduled: 0,
        numberReady: 0,
      };
      if (updated === undefined) store.create("daemonsets", { ...content, status });
      return;
    }
    case "jobs":
      if (store.get("jobs", namespace, name) === undefined) createJob(store, one.content);
  }
}

function stateOfDeployment({ metadata, spec, status }: Deployment): Installed["state"] {
  if (status.observedGeneration !== metadata.generation) return "going";
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0, conditions = [] } = status;
  const progressing = conditions.find(({ type }) => type === "Progressing")?.reason;
  if (progressing === "ProgressDeadlineExceeded") return "failed";
  const wanted = spec.replicas;
  const complete =
    replicas === wanted && updatedReplicas === wanted && availableReplicas === wanted;
  return complete && progressing === "NewReplicaSetAvailable" ? "ready" : "going";
}

function stateOfStatefulSet({ metadata, spec, status }: StatefulSet): Installed["state"] {
  if (status.observedGeneration !== metadata.generation) return "going";
  if (spec.updateStrategy.type === "OnDelete") return "ready";
  const { replicas, readyReplicas = 0, updatedReplicas = 0 } = status;
  const { partition } = spec.updateStrategy.rollingUpdate;
  if (replicas !== spec.replicas || readyReplicas < spec.replicas) return "going";
  if (partition > 0) return updatedReplicas < spec.replicas - partition ? "going" : "ready";
  return status.currentRevision === status.updateRevision ? "ready" : "going";
}

function stateOfDaemonSet({ metadata, status }: DaemonSet): Installed["state"] {
  if (status.observedGeneration !== metadata.generation) return "going";
  const {
    desiredNumberScheduled: desired,
    updatedNumberScheduled = 0,
    numberAvailable = 0,
  } = status;
  return updatedNumberScheduled >= desired && numberAvailable >= desired ? "ready" : "going";
}

export function stateOfJob({ status }: Job): Installed["state"] {
  const is = (wanted: string) =>
    status.conditions?.some((one) => one.type === wanted && one.status === "True") === true;
  if (is("Failed")) return "failed";
  return is("Complete") ? "ready" : "going";
}

/** Of a StatefulSet or a DaemonSet kstatus looks at the pods: one that crashes again and again is a failure. */
function crashing({ metadata }: KubernetesObject, pods: readonly Pod[]): boolean {
  return pods
    .filter((pod) => isOwnedBy(pod, metadata.uid))
    .flatMap(({ status }) => status.containerStatuses ?? [])
    .some(({ state }) => state.waiting?.reason === "CrashLoopBackOff");
}

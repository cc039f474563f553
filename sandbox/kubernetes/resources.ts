import type {
  Deployment,
  Event,
  FluxObject,
  GitRepository,
  HelmChart,
  HelmRelease,
  Kustomization,
  Node,
  OciRepository,
  PlainObject,
  Pod,
  Receiver,
  ReplicaSet,
} from "./objects.ts";
import type { ControllerRevision, DaemonSet, Job, StatefulSet } from "./workload-objects.ts";

/** What the API server serves, by plural. */
export interface Kinds {
  namespaces: PlainObject;
  nodes: Node;
  pods: Pod;
  events: Event;
  deployments: Deployment;
  replicasets: ReplicaSet;
  statefulsets: StatefulSet;
  daemonsets: DaemonSet;
  controllerrevisions: ControllerRevision;
  jobs: Job;
  gitrepositories: GitRepository;
  ocirepositories: OciRepository;
  helmrepositories: FluxObject;
  helmcharts: HelmChart;
  kustomizations: Kustomization;
  helmreleases: HelmRelease;
  receivers: Receiver;
}

export type Plural = keyof Kinds;

export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Whether metadata.generation counts the changes of its spec. */
  readonly generation: boolean;
  /** Custom resources differ on the wire: their list items carry kind and apiVersion, and they know no strategic merge. */
  readonly custom: boolean;
}

const core = { group: "", version: "v1", namespaced: true, generation: false, custom: false };
const apps = { group: "apps", version: "v1", namespaced: true, generation: true, custom: false };
const source = {
  group: "source.toolkit.fluxcd.io",
  version: "v1",
  namespaced: true,
  generation: true,
  custom: true,
};

export const resources = {
  namespaces: { ...core, kind: "Namespace", namespaced: false },
  nodes: { ...core, kind: "Node", namespaced: false },
  pods: { ...core, kind: "Pod", generation: true },
  events: { ...core, kind: "Event" },
  deployments: { ...apps, kind: "Deployment" },
  replicasets: { ...apps, kind: "ReplicaSet" },
  statefulsets: { ...apps, kind: "StatefulSet" },
  daemonsets: { ...apps, kind: "DaemonSet" },
  controllerrevisions: { ...apps, kind: "ControllerRevision", generation: false },
  jobs: { ...apps, group: "batch", kind: "Job" },
  gitrepositories: { ...source, kind: "GitRepository" },
  ocirepositories: { ...source, kind: "OCIRepository" },
  helmrepositories: { ...source, kind: "HelmRepository" },
  helmcharts: { ...source, kind: "HelmChart" },
  kustomizations: { ...source, group: "kustomize.toolkit.fluxcd.io", kind: "Kustomization" },
  helmreleases: { ...source, group: "helm.toolkit.fluxcd.io", version: "v2", kind: "HelmRelease" },
  receivers: { ...source, group: "notification.toolkit.fluxcd.io", kind: "Receiver" },
} as const satisfies Record<Plural, Resource>;

export function isPlural(word: string): word is Plural {
  return Object.hasOwn(resources, word);
}

export function apiVersion(plural: Plural): string {
  const { group, version } = resources[plural];
  return group === "" ? version : `${group}/${version}`;
}

/** The plural that serves a kind of an apiVersion; undefined when nothing does. */
export function pluralOf(version: string, kind: string): Plural | undefined {
  return Object.keys(resources)
    .filter(isPlural)
    .find((plural) => resources[plural].kind === kind && apiVersion(plural) === version);
}

import type { z } from "zod";
import { check } from "./find-objects.ts";
import { targetNamespaceOf, type HelmRelease } from "./flux-objects.ts";
import { tagsIn, type RolloutObjects } from "./workload.ts";
import type { Kubernetes, Resource } from "./kubernetes.ts";
import {
  daemonSet,
  deployment,
  event,
  labelSelector,
  pod,
  replicaSet,
  statefulSet,
  type PodTemplate,
  type Selector,
} from "./objects.ts";

const apps = { group: "apps", version: "v1" } as const;
const core = { group: "", version: "v1" } as const;
export const workloadResources = {
  deployments: { ...apps, plural: "deployments" },
  statefulSets: { ...apps, plural: "statefulsets" },
  daemonSets: { ...apps, plural: "daemonsets" },
  replicaSets: { ...apps, plural: "replicasets" },
  pods: { ...core, plural: "pods" },
  events: { ...core, plural: "events" },
} as const satisfies Record<string, Resource>;

interface Workload {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly selector: Selector; readonly template: PodTemplate };
}

/** The labels that Flux puts on every object that a release installs. */
export function releaseLabels({ metadata }: HelmRelease): string {
  const prefix = "helm.toolkit.fluxcd.io";
  return `${prefix}/name=${metadata.name},${prefix}/namespace=${metadata.namespace ?? "default"}`;
}

/** Reads the workloads of a release that carry the image, and what belongs to them; nothing else of the namespace. */
export async function readWorkloads(
  kubernetes: Kubernetes,
  release: HelmRelease,
  repository: string,
): Promise<Omit<RolloutObjects, "released" | "now">> {
  const namespace = targetNamespaceOf(release);
  const { replicaSets, pods, events } = workloadResources;
  const labelled = await readKinds(kubernetes, { namespace, labels: releaseLabels(release) });
  // Helm's own annotation is there where a post-renderer took Flux's labels away.
  const all = isEmpty(labelled) ? await readKinds(kubernetes, { namespace }) : labelled;
  const isOurs = (one: Workload) =>
    tagsIn(one.spec.template, repository).length > 0 &&
    (all === labelled || isInstalledBy(one, release));
  const found = {
    deployments: all.deployments.filter(isOurs),
    statefulSets: all.statefulSets.filter(isOurs),
    daemonSets: all.daemonSets.filter(isOurs),
  };

  const sets = [...found.statefulSets, ...found.daemonSets];
  const belonging = <T extends z.ZodType>(
    resource: Resource,
    schema: T,
    workloads: readonly Workload[],
  ) =>
    Promise.all(
      workloads.map(({ spec }) =>
        listAll(kubernetes, resource, schema, { namespace, labels: labelSelector(spec.selector) }),
      ),
    );
  return {
    ...found,
    replicaSets: (await belonging(replicaSets, replicaSet, found.deployments)).flat(),
    pods: unique((await belonging(pods, pod, [...found.deployments, ...sets])).flat()),
    events: (
      await Promise.all(
        sets.map(({ metadata }) =>
          listAll(kubernetes, events, event, {
            namespace,
            fields: `involvedObject.name=${metadata.name},type=Warning`,
          }),
        ),
      )
    ).flat(),
  };
}

type Kinds = Pick<RolloutObjects, "deployments" | "statefulSets" | "daemonSets">;

async function readKinds(
  kubernetes: Kubernetes,
  where: { readonly namespace: string; readonly labels?: string },
): Promise<Kinds> {
  const { deployments, statefulSets, daemonSets } = workloadResources;
  const kinds = await Promise.all([
    listAll(kubernetes, deployments, deployment, where),
    listAll(kubernetes, statefulSets, statefulSet, where),
    listAll(kubernetes, daemonSets, daemonSet, where),
  ]);
  return { deployments: kinds[0], statefulSets: kinds[1], daemonSets: kinds[2] };
}

function isEmpty({ deployments, statefulSets, daemonSets }: Kinds): boolean {
  return deployments.length + statefulSets.length + daemonSets.length === 0;
}

function isInstalledBy({ metadata }: Workload, release: HelmRelease): boolean {
  const target = release.spec.targetNamespace;
  const name = `${target === undefined ? "" : `${target}-`}${release.metadata.name}`;
  const wanted = release.spec.releaseName ?? name.slice(0, 53);
  return metadata.annotations["meta.helm.sh/release-name"] === wanted;
}

/** Two workloads may select the same pods. */
function unique<T extends { readonly metadata: { readonly uid: string } }>(
  items: readonly T[],
): T[] {
  return [...new Map(items.map((item) => [item.metadata.uid, item])).values()];
}

async function listAll<T extends z.ZodType>(
  kubernetes: Kubernetes,
  resource: Resource,
  schema: T,
  where: { readonly namespace: string; readonly labels?: string; readonly fields?: string },
): Promise<z.output<T>[]> {
  const list = await kubernetes.list(resource, where);
  return (list?.items ?? []).map((item) => check(schema, item, resource.plural));
}

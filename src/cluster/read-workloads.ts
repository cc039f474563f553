import type { z } from "zod";
import { ServiceError } from "../deployment/service-error.ts";
import { check } from "./find-objects.ts";
import { targetNamespaceOf, type HelmRelease } from "./flux-objects.ts";
import { tagsIn, type RolloutObjects } from "./workload.ts";
import type { Kubernetes, Resource } from "./kubernetes.ts";
import {
  daemonSet,
  deployment,
  conditionOf,
  event,
  job,
  labelSelector,
  pod,
  replicaSet,
  statefulSet,
  type Pod,
  type PodTemplate,
  type Selector,
} from "./objects.ts";

const apps = { group: "apps", version: "v1" } as const;
const core = { group: "", version: "v1" } as const;
export const workloadResources = {
  deployments: { ...apps, plural: "deployments" },
  statefulSets: { ...apps, plural: "statefulsets" },
  daemonSets: { ...apps, plural: "daemonsets" },
  jobs: { group: "batch", version: "v1", plural: "jobs" },
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
  const [labelled, hooks] = await Promise.all([
    readKinds(kubernetes, { namespace, labels: releaseLabels(release) }),
    readHooks(kubernetes, namespace, release),
  ]);
  // Helm's own annotation is there where a post-renderer took Flux's labels away.
  const all = isEmpty(labelled) ? await readKinds(kubernetes, { namespace }) : labelled;
  const carriesImage = ({ spec }: Workload) => tagsIn(spec.template, repository).length > 0;
  const isOurs = (one: Workload) =>
    carriesImage(one) && (all === labelled || isInstalledBy(one, release));
  const found = {
    deployments: all.deployments.filter(isOurs),
    statefulSets: all.statefulSets.filter(isOurs),
    daemonSets: all.daemonSets.filter(isOurs),
    jobs: unique([...all.jobs.filter(isOurs), ...hooks.filter(carriesImage)]),
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
  const [replicaSetsOf, podsOf] = await Promise.all([
    belonging(replicaSets, replicaSet, found.deployments),
    belonging(pods, pod, [...found.deployments, ...sets, ...found.jobs]),
  ]);
  const allPods = unique(podsOf.flat());
  const told = [
    ...sets.map((one) => ({ one, type: "Warning" })),
    ...allPods
      .filter(isInTrouble)
      .slice(0, mostTroubled)
      .map((one) => ({ one, type: undefined })),
  ];
  const eventsOf = await Promise.all(
    told.map(({ one: { metadata }, type }) => {
      const fields = `involvedObject.name=${metadata.name}${type === undefined ? "" : `,type=${type}`}`;
      return listAll(kubernetes, events, event, { namespace, fields }).catch(without);
    }),
  );
  return { ...found, replicaSets: replicaSetsOf.flat(), pods: allPods, events: eventsOf.flat() };
}

/** Of so many pods the events are read: the first says what most others would. */
const mostTroubled = 5;

/** Whether there is something about a pod that its events may explain. */
function isInTrouble({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  if (status.phase === "Failed" || status.phase === "Succeeded") return false;
  const ready = conditionOf(status.conditions, "Ready")?.status === "True";
  return !ready || status.containerStatuses.some(({ restartCount }) => restartCount > 0);
}

/** What omnibot may not read it does without, where that only costs a word or some seconds. */
function without(error: unknown): never[] {
  if (error instanceof ServiceError && error.trouble === "denied") return [];
  throw error;
}

type Kinds = Pick<RolloutObjects, "deployments" | "statefulSets" | "daemonSets" | "jobs">;

async function readKinds(
  kubernetes: Kubernetes,
  where: { readonly namespace: string; readonly labels?: string },
): Promise<Kinds> {
  const { deployments, statefulSets, daemonSets, jobs } = workloadResources;
  const kinds = await Promise.all([
    listAll(kubernetes, deployments, deployment, where),
    listAll(kubernetes, statefulSets, statefulSet, where),
    listAll(kubernetes, daemonSets, daemonSet, where),
    listAll(kubernetes, jobs, job, where).catch(without),
  ]);
  return { deployments: kinds[0], statefulSets: kinds[1], daemonSets: kinds[2], jobs: kinds[3] };
}

/**
 * The Jobs that a chart has Helm run before or after an upgrade. Helm before 4 gives its hooks neither its own annotations nor
 * the labels of Flux; the label that every chart gives its objects finds them.
 */
async function readHooks(
  kubernetes: Kubernetes,
  namespace: string,
  release: HelmRelease,
): Promise<Kinds["jobs"]> {
  const labels = `app.kubernetes.io/instance=${releaseNameOf(release)}`;
  const where = { namespace, labels };
  const found = await listAll(kubernetes, workloadResources.jobs, job, where).catch(without);
  return found.filter(({ metadata }) => metadata.annotations["helm.sh/hook"] !== undefined);
}

function isEmpty({ deployments, statefulSets, daemonSets }: Kinds): boolean {
  return deployments.length + statefulSets.length + daemonSets.length === 0;
}

function isInstalledBy({ metadata }: Workload, release: HelmRelease): boolean {
  return metadata.annotations["meta.helm.sh/release-name"] === releaseNameOf(release);
}

/** What Helm calls the release. */
function releaseNameOf({ metadata, spec }: HelmRelease): string {
  const { targetNamespace } = spec;
  const name = `${targetNamespace === undefined ? "" : `${targetNamespace}-`}${metadata.name}`;
  return spec.releaseName ?? name.slice(0, 53);
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
  const all: z.output<T>[] = [];
  for await (const page of kubernetes.pages(resource, where))
    for (const item of page) all.push(check(schema, item, resource.plural));
  return all;
}

import type { z } from "zod";
import type { Excerpt } from "../deployment/deployment.ts";
import { cut } from "../deployment/words.ts";
import { targetNamespaceOf, type HelmRelease } from "./flux-objects.ts";
import type { Kubernetes, Resource } from "./kubernetes.ts";
import {
  conditionOf,
  daemonSet,
  deployment,
  job,
  labelSelector,
  pod,
  statefulSet,
  type Condition,
  type Pod,
  type Selector,
} from "./objects.ts";
import { releaseLabels, workloadResources } from "./read-workloads.ts";

/** A workload that Helm may wait for, as far as it matters here. */
interface Waited {
  readonly name: string;
  readonly complete: boolean;
  /** "0 of 1 ready" */
  readonly stands: string;
  readonly selector: Selector;
  readonly conditions: readonly Condition[];
}

interface Kind {
  readonly resource: Resource;
  /** Undefined for what cannot be read. */
  readonly read: (item: unknown) => Waited | undefined;
}

/** The kinds of which Helm waits for more than that they are there. */
const kinds: Readonly<Record<string, Kind>> = {
  Deployment: {
    resource: workloadResources.deployments,
    read: reader(deployment, ({ metadata, spec, status }) => ({
      name: metadata.name,
      complete:
        status.observedGeneration >= metadata.generation &&
        status.updatedReplicas >= spec.replicas &&
        status.availableReplicas >= spec.replicas,
      stands: `${status.availableReplicas} of ${spec.replicas} ready`,
      selector: spec.selector,
      conditions: status.conditions,
    })),
  },
  StatefulSet: {
    resource: workloadResources.statefulSets,
    read: reader(statefulSet, ({ metadata, spec, status }) => ({
      name: metadata.name,
      complete:
        status.observedGeneration >= metadata.generation &&
        status.readyReplicas >= spec.replicas &&
        status.updatedReplicas >=
          spec.replicas - (spec.updateStrategy.rollingUpdate?.partition ?? 0),
      stands: `${status.readyReplicas} of ${spec.replicas} ready`,
      selector: spec.selector,
      conditions: [],
    })),
  },
  DaemonSet: {
    resource: workloadResources.daemonSets,
    read: reader(daemonSet, ({ metadata, spec, status }) => ({
      name: metadata.name,
      complete:
        status.observedGeneration >= metadata.generation &&
        status.updatedNumberScheduled >= status.desiredNumberScheduled &&
        status.numberAvailable >= status.desiredNumberScheduled,
      stands: `${status.numberAvailable} of ${status.desiredNumberScheduled} ready`,
      selector: spec.selector,
      conditions: [],
    })),
  },
  Job: {
    resource: workloadResources.jobs,
    read: reader(job, ({ metadata, spec, status }) => ({
      name: metadata.name,
      complete: conditionOf(status.conditions, "Complete")?.status === "True",
      stands: "not complete",
      selector: spec.selector,
      conditions: status.conditions,
    })),
  },
};

/**
 * How the first workload of a release stands that is not complete, in words: Helm waits for it, whether it carries our
 * image or not. Throws ServiceError.
 */
export async function findCulprit(
  kubernetes: Kubernetes,
  release: HelmRelease,
): Promise<string | undefined> {
  const namespace = targetNamespaceOf(release);
  for (const [kind, { resource, read }] of Object.entries(kinds)) {
    const list = await kubernetes.list(resource, { namespace, labels: releaseLabels(release) });
    const found = list.flatMap((item) => read(item) ?? []).find(({ complete }) => !complete);
    if (found === undefined) continue;
    const [trouble] = await troubles(kubernetes, namespace, found.selector);
    return `${kind} ${found.name}: ${found.stands}${trouble === undefined ? "" : `; ${trouble}`}`;
  }
  return undefined;
}

/** So many lines say what is wrong. */
const mostLines = 8;

/** What Helm's message names: `[Deployment/apps/web status: 'InProgress', …]`. */
const named = /(\w+)\/([^/\s]+)\/([^/\s]+) status: '\w+'/g;

/** How those stand that a failure names, where they can still be seen. */
export async function explainCulprits(
  kubernetes: Kubernetes,
  message: string,
): Promise<Excerpt | undefined> {
  const names: string[] = [];
  const lines: string[] = [];
  for (const [, kind = "", namespace = "", name = ""] of [...message.matchAll(named)].slice(0, 3)) {
    const known = kinds[kind];
    if (known === undefined) continue;
    try {
      const seen = known.read(await kubernetes.get(known.resource, namespace, name));
      if (seen === undefined) continue;
      names.push(name);
      lines.push(
        ...seen.conditions.filter(isBad).map(({ reason, message: said }) => `${reason}: ${said}`),
        ...(await troubles(kubernetes, namespace, seen.selector)),
      );
    } catch {
      // It may be gone by now, or out of sight.
    }
  }
  if (lines.length === 0) return undefined;
  return { title: names.join(", "), lines: lines.slice(0, mostLines).map((one) => cut(one, 240)) };
}

function isBad({ type, status }: Condition): boolean {
  return type === "Failed" ? status === "True" : status === "False";
}

/** What keeps the pods of a workload from being ready, one line each. */
async function troubles(
  kubernetes: Kubernetes,
  namespace: string,
  selector: Selector,
): Promise<readonly string[]> {
  const labels = labelSelector(selector);
  // A selector without a label would select everything.
  if (labels === "") return [];
  const found: string[] = [];
  for await (const page of kubernetes.pages(workloadResources.pods, { namespace, labels })) {
    const pods = page.flatMap((item) => pod.safeParse(item).data ?? []);
    const present = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    found.push(...present.flatMap(troublesOf));
    if (found.length >= mostLines) break;
  }
  return found;
}

function troublesOf({ metadata, status }: Pod): readonly string[] {
  const { name } = metadata;
  const placed = conditionOf(status.conditions, "PodScheduled");
  if (placed?.status === "False") return [`${name} waits for a node: ${placed.message ?? ""}`];
  return [...status.initContainerStatuses, ...status.containerStatuses].flatMap((one) => {
    const { waiting, terminated } = one.state;
    const reason = waiting?.reason ?? terminated?.reason;
    if (
      one.ready ||
      reason === undefined ||
      /^(Completed|PodInitializing|ContainerCreating)$/.test(reason)
    ) {
      return [];
    }
    const said = waiting?.message ?? (terminated ? `exit code ${terminated.exitCode}` : "");
    return [`${name}: container ${one.name}: ${reason}${said === "" ? "" : `, ${said}`}`];
  });
}

function reader<T extends z.ZodType>(
  schema: T,
  describe: (object: z.output<T>) => Waited,
): Kind["read"] {
  return (item) => {
    const { data } = schema.safeParse(item);
    return data === undefined ? undefined : describe(data);
  };
}

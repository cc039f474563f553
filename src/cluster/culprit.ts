import type { z } from "zod";
import type { Excerpt } from "../deployment/deployment.ts";
import { cut } from "../deployment/words.ts";
import { targetNamespaceOf, type HelmRelease } from "./flux-objects.ts";
import type { Kubernetes } from "./kubernetes.ts";
import { conditionOf, deployment, labelSelector, pod, type Pod, type Selector } from "./objects.ts";
import { releaseLabels, workloadResources } from "./read-workloads.ts";

const { deployments, pods } = workloadResources;

/**
 * How the first Deployment of a release stands that is not complete, in words: Helm waits for it, whether it carries our
 * image or not. Throws ServiceError.
 */
export async function findCulprit(
  kubernetes: Kubernetes,
  release: HelmRelease,
): Promise<string | undefined> {
  const namespace = targetNamespaceOf(release);
  const list = await kubernetes.list(deployments, { namespace, labels: releaseLabels(release) });
  const found = (list?.items ?? [])
    .flatMap((item) => deployment.safeParse(item).data ?? [])
    .find((one) => !isComplete(one));
  if (found === undefined) return undefined;
  const { spec, status, metadata } = found;
  const [trouble] = await troubles(kubernetes, namespace, spec.selector);
  const ready = `${status.availableReplicas} of ${spec.replicas} ready`;
  return `Deployment ${metadata.name}: ${ready}${trouble === undefined ? "" : `; ${trouble}`}`;
}

function isComplete({ metadata, spec, status }: z.output<typeof deployment>): boolean {
  return (
    status.observedGeneration >= metadata.generation &&
    status.updatedReplicas >= spec.replicas &&
    status.availableReplicas >= spec.replicas
  );
}

/** What Helm's message names: `[Deployment/apps/web status: 'InProgress', …]`. */
const named = /Deployment\/([^/\s]+)\/([^/\s]+) status: '\w+'/g;

/** How those stand that a failure names, where they can still be seen. */
export async function explainCulprits(
  kubernetes: Kubernetes,
  message: string,
): Promise<Excerpt | undefined> {
  const names: string[] = [];
  const lines: string[] = [];
  for (const [, namespace = "", name = ""] of [...message.matchAll(named)].slice(0, 3)) {
    try {
      const seen = deployment.parse(await kubernetes.get(deployments, namespace, name));
      const failing = seen.status.conditions.filter(({ status }) => status === "False");
      names.push(name);
      lines.push(
        ...failing.map(({ reason = "", message: said = "" }) => `${reason}: ${said}`),
        ...(await troubles(kubernetes, namespace, seen.spec.selector)),
      );
    } catch {
      // It may be gone by now, or out of sight.
    }
  }
  if (lines.length === 0) return undefined;
  return { title: names.join(", "), lines: lines.slice(0, 8).map((one) => cut(one, 240)) };
}

/** What keeps the pods of a workload from being ready, one line each. */
async function troubles(
  kubernetes: Kubernetes,
  namespace: string,
  selector: Selector,
): Promise<readonly string[]> {
  const list = await kubernetes.list(pods, { namespace, labels: labelSelector(selector) });
  return (list?.items ?? [])
    .flatMap((item) => pod.safeParse(item).data ?? [])
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .flatMap(troublesOf);
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

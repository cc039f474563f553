import { setTimeout as delay } from "node:timers/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import type { Chain, Found } from "./find-objects.ts";
import { targetNamespaceOf } from "./flux-objects.ts";
import type { Kubernetes } from "./kubernetes.ts";
import { labelSelector, type Selector } from "./objects.ts";
import { readWorkloads, releaseLabels, workloadResources } from "./read-workloads.ts";
import { coalesce, watchTarget, type WatchTarget, type WatchTimes } from "./watch.ts";

export interface ReleaseWatch {
  readonly kubeConfig: KubeConfig;
  readonly kubernetes: Kubernetes;
  readonly readChain: () => Promise<Chain>;
  /** Of the image: only the workloads that carry it matter. */
  readonly repository: string;
  readonly hint: () => void;
  readonly times: WatchTimes;
}

/**
 * Watches all that a deployment of this release may wait for: its three Flux objects by name, its workloads by Flux's
 * labels, and the ReplicaSets and pods of those that carry the image by the workloads' own selectors.
 */
export function watchRelease(watch: ReleaseWatch): { stop(): void } {
  const stopping = new AbortController();
  // Each look reads every pod of the release: of thousands some change all the time.
  let pods = 0;
  const between = () => Math.max(watch.times.between, pods * perPod);
  const hints = coalesce(watch.hint, between);
  const sized = { ...watch, counted: (count: number) => void (pods = count) };
  void begin(sized, hints.call, stopping.signal);
  return {
    stop() {
      hints.stop();
      stopping.abort();
    },
  };
}

/** How much longer (ms) hints are kept together for each pod of the release: ten seconds for 5,000. */
const perPod = 2;

interface SizedWatch extends ReleaseWatch {
  /** Told how many pods there are. */
  readonly counted: (pods: number) => void;
}

/** Never rejects: until the objects are found, and whatever goes wrong, it tries again. */
async function begin(watch: SizedWatch, changed: () => void, signal: AbortSignal): Promise<void> {
  const { times } = watch;
  for (let failures = 0; !signal.aborted; failures += 1) {
    const targets = await targetsOf(watch).catch(() => []);
    if (targets.length > 0) {
      await Promise.all(targets.map((one) => watchTarget(watch, one, changed, signal, times)));
      return;
    }
    const wait = Math.min(times.longestWait, times.shortestWait * 2 ** failures);
    await delay(wait, undefined, { signal, ref: false }).catch(() => {});
  }
}

async function targetsOf(watch: SizedWatch): Promise<readonly WatchTarget[]> {
  const { kubernetes, readChain, repository } = watch;
  const { release, kustomization, source } = await readChain();
  if (release === undefined) return [];
  const namespace = targetNamespaceOf(release.object);
  const labels = releaseLabels(release.object);
  const workloads = await readWorkloads(kubernetes, release.object, repository);
  watch.counted(workloads.pods.length);
  const selectors = (list: readonly { readonly spec: { readonly selector: Selector } }[]) => [
    ...new Set(list.map(({ spec }) => labelSelector(spec.selector))),
  ];
  const { deployments, statefulSets, daemonSets, replicaSets, pods } = workloadResources;
  const all = [...workloads.deployments, ...workloads.statefulSets, ...workloads.daemonSets];
  return [
    ...[release, kustomization, source].filter((found) => found !== undefined).map(byName),
    { resource: deployments, namespace, labels },
    ...(workloads.statefulSets.length > 0 ? [{ resource: statefulSets, namespace, labels }] : []),
    ...(workloads.daemonSets.length > 0 ? [{ resource: daemonSets, namespace, labels }] : []),
    ...selectors(workloads.deployments).map((of) => ({
      resource: replicaSets,
      namespace,
      labels: of,
    })),
    ...selectors(all).map((of) => ({ resource: pods, namespace, labels: of })),
  ];
}

interface Named {
  readonly metadata: { readonly name: string };
}

function byName({ resource, namespace, object }: Found<Named>): WatchTarget {
  return { resource, namespace, fields: `metadata.name=${object.metadata.name}` };
}

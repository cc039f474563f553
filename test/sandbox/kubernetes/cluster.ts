import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeConfig, Watch } from "@kubernetes/client-node";
import { waitFor } from "../../../sandbox/kubernetes/controller.ts";
import {
  startKubernetes,
  writeKubeconfig,
  type Kubernetes,
  type KubernetesOptions,
} from "../../../sandbox/kubernetes/kubernetes.ts";
import type { Deployment, KubernetesObject } from "../../../sandbox/kubernetes/objects.ts";
import type { Scenario } from "../../../sandbox/scenario.ts";

export const repository = "omnispatial.azurecr.io/omnispatial/web";
export const namespace = "omnispatial";
export const name = "omnispatial-web";
export const digest = `sha256:${"a1".repeat(32)}`;

/** Images by tag; every other tag is not in the registry. */
export type Images = Readonly<Record<string, Scenario>>;

export async function startCluster(
  images: Images,
  options: Partial<KubernetesOptions> = {},
): Promise<Kubernetes> {
  const image = (reference: string) => {
    const scenario = images[reference.slice(reference.lastIndexOf(":") + 1)];
    return scenario === undefined ? undefined : { digest, platformDigests: [], scenario };
  };
  return await startKubernetes({ speed: 50, image, ...options });
}

export async function connect(url: string, token?: string): Promise<KubeConfig> {
  const folder = await mkdtemp(join(tmpdir(), "kubeconfig-"));
  const path = join(folder, "config");
  await writeKubeconfig(path, url, token);
  const config = new KubeConfig();
  config.loadFromFile(path);
  await rm(folder, { recursive: true });
  return config;
}

export async function createDeployment({ store, clock }: Kubernetes, tag: string): Promise<void> {
  const labels = { "app.kubernetes.io/instance": name, "app.kubernetes.io/name": "web" };
  await clock.hurry(Date.now() - 86_400_000, async () => {
    store.create("deployments", {
      metadata: { name, namespace, labels },
      spec: {
        replicas: 3,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: "web", image: `${repository}:${tag}` }] },
        },
        strategy: {
          type: "RollingUpdate",
          rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" },
        },
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
      },
      status: {},
    });
    await until({ store, clock }, () => isComplete(store.get("deployments", namespace, name)));
  });
}

export function setTag({ store }: Kubernetes, tag: string): void {
  store.update("deployments", namespace, name, ({ spec }) => {
    for (const container of spec.template.spec.containers) container.image = `${repository}:${tag}`;
  });
}

export function isComplete(deployment: Deployment | undefined): boolean {
  if (deployment?.status.observedGeneration !== deployment?.metadata.generation) return false;
  const progressing = deployment?.status.conditions?.find(({ type }) => type === "Progressing");
  return (
    progressing?.reason === "NewReplicaSetAvailable" && deployment?.status.updatedReplicas === 3
  );
}

/** Waits until something is so; throws after five seconds at most. */
export async function until(
  cluster: Pick<Kubernetes, "store" | "clock">,
  holds: () => boolean,
): Promise<void> {
  const limit = 5000 * cluster.clock.speed;
  const found = await waitFor(
    cluster,
    limit,
    AbortSignal.timeout(10_000),
    () => holds() || undefined,
  );
  if (found === undefined) throw new Error(`it never came to: ${holds.toString()}`);
}

export interface Seen {
  readonly type: string;
  readonly object: KubernetesObject;
}

export interface Watching {
  readonly seen: Seen[];
  /** How the watch ended, once it did. */
  readonly ended: Promise<unknown>;
  stop(): void;
}

/** Watches with the real client. */
export async function watch(
  config: KubeConfig,
  path: string,
  query: Readonly<Record<string, string | boolean>>,
  onEvent: (seen: Seen) => void = () => {},
): Promise<Watching> {
  const seen: Seen[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<unknown>();
  const controller = await new Watch(config).watch(
    path,
    { ...query },
    (type: string, object: KubernetesObject) => {
      seen.push({ type, object });
      onEvent({ type, object });
    },
    resolve,
  );
  return { seen, ended, stop: () => controller.abort() };
}

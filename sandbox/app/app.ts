import { parseImage } from "../kubernetes/images.ts";
import type { Kubernetes } from "../kubernetes/kubernetes.ts";
import type { Pod, ReplicaSet } from "../kubernetes/objects.ts";
import { isOwnedBy } from "../kubernetes/owners.ts";
import { isReady, isTerminating } from "../kubernetes/pods.ts";
import type { Store } from "../kubernetes/store.ts";
import { StandIn } from "../stand-in.ts";

export interface AppOptions {
  readonly kubernetes: Kubernetes;
  readonly namespace?: string;
  readonly deployment?: string;
  readonly port?: number;
}

export interface App {
  readonly url: string;
  readonly standIn: StandIn;
  close(): Promise<void>;
}

/** The deployed application as its users reach it: it answers as its ready pods would, the newest of them first. */
export async function startApp(options: AppOptions): Promise<App> {
  const { kubernetes, namespace = "omnispatial", deployment = "omnispatial-web", port } = options;
  const standIn = new StandIn("app");
  standIn.route("GET", "/healthz", () => {
    const version = findVersion(kubernetes, namespace, deployment);
    if (version === undefined) return { status: 503, json: { status: "unavailable" } };
    return { status: 200, json: { status: "ok", version } };
  });
  const url = await standIn.listen(port);
  return { url, standIn, close: () => standIn.close() };
}

/** The tag of the newest ready pod; undefined when no pod is ready. */
function findVersion({ store }: Kubernetes, namespace: string, name: string): string | undefined {
  const deployment = store.get("deployments", namespace, name);
  if (deployment === undefined) return findVersionOfSet(store, namespace, name);
  const sets = store
    .list("replicasets", namespace)
    .filter((set) => isOwnedBy(set, deployment.metadata.uid));
  const newestFirst = sets.toSorted((a, b) => revisionOf(b) - revisionOf(a));
  const pods = store.list("pods", namespace).filter((pod) => isReady(pod) && !isTerminating(pod));
  const serving = newestFirst.flatMap((set) =>
    pods.filter((pod) => isOwnedBy(pod, set.metadata.uid)),
  );
  const image = imageOf(serving[0]);
  return image === undefined ? undefined : parseImage(image).tag;
}

/** As above, of a StatefulSet or a DaemonSet: the pods that it wants now are the newest. */
function findVersionOfSet(store: Store, namespace: string, name: string): string | undefined {
  const set =
    store.get("statefulsets", namespace, name) ?? store.get("daemonsets", namespace, name);
  const wanted = set?.spec.template.spec.containers[0]?.image;
  const images = store
    .list("pods", namespace)
    .filter((pod) => isOwnedBy(pod, set?.metadata.uid ?? "") && isReady(pod) && !isTerminating(pod))
    .flatMap((pod) => imageOf(pod) ?? []);
  const image = images.find((one) => one === wanted) ?? images[0];
  return image === undefined ? undefined : parseImage(image).tag;
}

function revisionOf({ metadata }: ReplicaSet): number {
  return Number(metadata.annotations?.["deployment.kubernetes.io/revision"] ?? 0);
}

function imageOf(pod: Pod | undefined): string | undefined {
  return pod?.spec.containers[0]?.image;
}

import type { Kubernetes } from "../kubernetes/kubernetes.ts";
import type { StandIn } from "../stand-in.ts";
import { bootstrap, fluxNamespace, sourceName, type BootstrapOptions } from "./bootstrap.ts";
import { runChartSources } from "./chart-source.ts";
import { createControllers } from "./controllers.ts";
import { runHelmController } from "./helm.ts";
import { runKustomizeController } from "./kustomize.ts";
import { createReceiver } from "./receiver.ts";
import type { Overtaking } from "./overtaking.ts";
import { Repository } from "./repository.ts";
import { runSourceController, type Refusal } from "./source.ts";

export interface FluxOptions extends BootstrapOptions, Overtaking {
  readonly kubernetes: Kubernetes;
  /** The bare repository that is synced. */
  readonly gitDir: string;
  /** Secret of the Receiver. */
  readonly receiverToken?: string;
  readonly receiverPort?: number;
}

/** What goes wrong outside of Git and the cluster; it may be changed at any time. */
export interface Troubles {
  /** How the Git server refuses Flux. */
  git?: Refusal;
  /** Releases, `namespace/name`, that somebody else's Helm is at work on and never ends. */
  readonly held: Set<string>;
}

export interface Flux {
  /** Address of the Receiver's webhook: POST it, signed. */
  readonly receiverUrl: string;
  readonly receiver: StandIn;
  readonly troubles: Troubles;
  close(): Promise<void>;
}

/**
 * Flux in a cluster that has none: brings the cluster to what the repository says, as if it had been there all the time, and
 * keeps it there. It ends with its cluster.
 */
export async function startFlux(options: FluxOptions): Promise<Flux> {
  const { kubernetes } = options;
  const repository = new Repository(options.gitDir);
  runChartSources(kubernetes);
  runKustomizeController(kubernetes, repository, options);
  const troubles: Troubles = { held: new Set() };
  runHelmController(kubernetes, options, troubles.held);
  await bootstrap(kubernetes, repository, options);
  createControllers(kubernetes);
  runSourceController(kubernetes, repository, () => troubles.git);
  const token = options.receiverToken ?? "sandbox-receiver-token";
  const receiver = createReceiver(kubernetes, {
    namespace: fluxNamespace,
    name: "gitops",
    token,
    repository: sourceName,
  });
  const url = await receiver.listen(options.receiverPort);
  const path = kubernetes.store.get("receivers", fluxNamespace, "gitops")?.status.webhookPath ?? "";
  return { receiverUrl: `${url}${path}`, receiver, troubles, close: () => receiver.close() };
}

import type { Environment } from "./config/config.ts";
import type { Settings } from "./config/settings.ts";
import { watchApiCalls } from "./metrics/api-calls.ts";
import { createMetrics, type Metrics, type MetricsOptions } from "./metrics/metrics.ts";
import { serveMetrics } from "./metrics/serve.ts";
import { createServiceNames } from "./metrics/services.ts";
import type { Clients } from "./worlds.ts";

export interface Measures extends Pick<Metrics, "watch" | "hooked"> {
  /** Where they are served. */
  readonly address: string;
  close(): Promise<void>;
}

/** Begins to count and to serve what was counted; undefined where no port says that anybody wants to know. */
export async function startMeasures(
  { metricsPort: port, host, githubUrl }: Settings,
  environments: readonly Environment[],
  clients: Clients,
  options: MetricsOptions,
): Promise<Measures | undefined> {
  if (port === undefined) return undefined;
  const metrics = createMetrics(options);
  const kubernetes = environments.flatMap((one) => apiServerOf(one, clients));
  const forget = watchApiCalls(
    createServiceNames(environments, { githubUrl, kubernetes }),
    metrics.called,
  );
  const server = await serveMetrics(metrics, port, host);
  return {
    ...metrics,
    address: server.address,
    async close() {
      forget();
      await server.close();
    },
  };
}

/** What is wrong with a kubeconfig is for the cluster's own client to tell. */
function apiServerOf(environment: Environment, clients: Clients): readonly string[] {
  try {
    const server = clients.cluster(environment).kubeConfig.getCurrentCluster()?.server;
    return server === undefined ? [] : [server];
  } catch {
    return [];
  }
}

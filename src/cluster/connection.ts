import { isDeepStrictEqual } from "node:util";
import { KubeConfig } from "@kubernetes/client-node";
import type { ClusterConfig } from "../config/config.ts";
import { EntraAuthenticator, entraUser, type TokenCredential } from "./entra.ts";

/**
 * The way into the cluster, as the operator configured it. Throws an Error that says what is missing: that is a mistake of
 * the configuration, to be told at the start. `credential` is needed for AKS with Entra only.
 */
export function createKubeConfig(cluster: ClusterConfig, credential?: TokenCredential): KubeConfig {
  const kubeConfig = new KubeConfig();
  switch (cluster.kind) {
    case "in-cluster":
      if (process.env["KUBERNETES_SERVICE_HOST"] === undefined) {
        throw new Error("The cluster is configured as in-cluster, but this is no pod");
      }
      kubeConfig.loadFromCluster();
      break;
    case "kubeconfig":
      kubeConfig.loadFromDefault();
      if (cluster.context !== undefined) kubeConfig.setCurrentContext(cluster.context);
      break;
    case "aks": {
      if (credential === undefined) throw new Error("AKS needs an Entra credential");
      const { server, certificateAuthority: caData } = cluster;
      kubeConfig.addAuthenticator(new EntraAuthenticator(credential));
      kubeConfig.loadFromClusterAndUser(
        { name: "aks", server, caData, skipTLSVerify: false },
        { name: entraUser },
      );
      break;
    }
  }
  if (kubeConfig.getCurrentCluster() === null) {
    throw new Error(`The kubeconfig has no context ${kubeConfig.getCurrentContext() ?? "to use"}`);
  }
  keepConnections(kubeConfig);
  return kubeConfig;
}

/**
 * @kubernetes/client-node 2.0.1 builds a new undici Agent, thus a new TLS connection, for every call. Its private
 * `createDispatcher` is replaced by one that keeps the last while its options stay the same (a rotated certificate makes a
 * new one). Should a later version have no such method, its own way is left alone.
 */
export function keepConnections(kubeConfig: KubeConfig): void {
  const create: unknown = Reflect.get(kubeConfig, "createDispatcher");
  if (typeof create !== "function") return;
  let options: readonly unknown[] | undefined;
  let dispatcher: unknown;
  Reflect.set(kubeConfig, "createDispatcher", (...wanted: readonly unknown[]): unknown => {
    if (options === undefined || !isDeepStrictEqual(wanted, options)) {
      const created: unknown = create.apply(kubeConfig, wanted);
      options = wanted;
      dispatcher = created;
    }
    return dispatcher;
  });
}

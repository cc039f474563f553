import { KubeConfig } from "@kubernetes/client-node";
import { keepConnections } from "../../src/cluster/connection.ts";
import type { Environment, FluxPoke } from "../../src/config/config.ts";
import { production } from "../production.ts";

export const server = "http://kubernetes.example:6443";

/** An environment as omnibot.yaml would say it. */
export function environment(poke: FluxPoke = { kind: "annotation" }): Environment {
  return {
    ...production,
    flux: { cluster: { kind: "kubeconfig", context: undefined }, poke, namespace: undefined },
    rollout: { soak: 20_000 },
  };
}

export function kubeConfigFor(url = server): KubeConfig {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromClusterAndUser(
    { name: "test", server: url, skipTLSVerify: true },
    { name: "omnibot", token: "cluster-token" },
  );
  keepConnections(kubeConfig);
  return kubeConfig;
}

import { KubeConfig } from "@kubernetes/client-node";
import { keepConnections } from "../../src/cluster/connection.ts";
import type { Environment, FluxPoke } from "../../src/config/config.ts";

export const server = "http://kubernetes.example:6443";

/** An environment as omnibot.yaml would say it. */
export function environment(poke: FluxPoke = { kind: "annotation" }): Environment {
  return {
    name: "production",
    build: {
      organization: "https://dev.azure.com/omnispatial",
      project: "OmniSpatial",
      pipeline: 12,
      branch: "main",
      parameters: {},
      marker: { kind: "none" },
    },
    image: {
      registry: "omnispatial.azurecr.io",
      repository: "omnispatial/web",
      tag: "{environment}-{buildId}",
      access: "entra",
    },
    gitops: {
      repository: "omnispatial/gitops",
      branch: "main",
      file: "clusters/operations/production/helm-release.yaml",
      path: ["spec", "values", "image", "tag"],
      release: undefined,
      mergeMethod: "squash",
    },
    flux: { cluster: { kind: "kubeconfig", context: undefined }, poke, namespace: undefined },
    approval: { approvers: ["p"], required: 1, expires: 3_600_000 },
    rollout: { soak: 20_000 },
    health: [],
    deadlines: {},
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

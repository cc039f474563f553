import type { Store } from "./store.ts";

/** The three nodes of the cluster, one per zone, as AKS labels them. */
export function createNodes(store: Store): void {
  for (const i of [0, 1, 2]) {
    const name = `aks-apps-31764290-vmss00000${i}`;
    store.create("nodes", {
      metadata: {
        name,
        labels: {
          agentpool: "apps",
          "beta.kubernetes.io/os": "linux",
          "kubernetes.io/arch": "amd64",
          "kubernetes.io/hostname": name,
          "kubernetes.io/os": "linux",
          "topology.kubernetes.io/region": "westeurope",
          "topology.kubernetes.io/zone": `westeurope-${i + 1}`,
        },
      },
      spec: {
        podCIDR: `10.244.${i + 1}.0/24`,
        providerID: `azure:///subscriptions/operations/aks-apps/${i}`,
      },
      status: {
        addresses: [
          { type: "Hostname", address: name },
          { type: "InternalIP", address: `10.224.0.${5 + i}` },
        ],
        conditions: [
          {
            type: "Ready",
            status: "True",
            reason: "KubeletReady",
            message: "kubelet is posting ready status",
          },
        ],
        nodeInfo: {
          kubeletVersion: "v1.36.2",
          containerRuntimeVersion: "containerd://2.1.4",
          operatingSystem: "linux",
        },
      },
    });
  }
}

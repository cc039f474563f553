import { writeFile } from "node:fs/promises";

/** Writes a kubeconfig with one context, `sandbox`, for clients as kubectl and @kubernetes/client-node. */
export async function writeKubeconfig(path: string, url: string, token?: string): Promise<void> {
  // JSON is YAML too.
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "sandbox",
    // A client needs the word that certificates are not checked, although plain HTTP has none.
    clusters: [{ name: "sandbox", cluster: { server: url, "insecure-skip-tls-verify": true } }],
    users: [{ name: "omnibot", user: token === undefined ? {} : { token } }],
    contexts: [
      {
        name: "sandbox",
        context: { cluster: "sandbox", user: "omnibot", namespace: "omnispatial" },
      },
    ],
  };
  await writeFile(path, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
}

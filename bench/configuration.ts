import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { alex, approvers, tenantId } from "../sandbox/people.ts";

export interface Written {
  /** Environment variables with which omnibot finds it. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A configuration with so many environments whose services are all down, but for a GitHub that may be given. */
export function configureAlone(
  folder: string,
  names: readonly string[],
  channels: readonly string[],
  github = "http://127.0.0.1:9",
): Written {
  const down = "http://127.0.0.1:9";
  const environment = (name: string) => ({
    build: { organization: down, project: "OmniSpatial", pipeline: 12 },
    image: { registry: down, repository: "omnispatial/web" },
    gitops: {
      repository: "omnispatial/gitops",
      file: `clusters/operations/${name}/helm-release.yaml`,
      poll: "24h",
    },
    flux: { cluster: { kubeconfig: {} } },
    approval: { approvers: [alex, ...approvers].map((one) => one.aadObjectId) },
  });
  const config = join(folder, "omnibot.yaml");
  writeFileSync(
    config,
    stringify({
      teams: { tenant: tenantId, channels },
      environments: Object.fromEntries(names.map((name) => [name, environment(name)])),
    }),
  );
  const kubeconfig = join(folder, "kubeconfig");
  const cluster = { name: "down", cluster: { server: down } };
  const context = { name: "down", context: { cluster: "down", user: "nobody" } };
  writeFileSync(
    kubeconfig,
    stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [cluster],
      users: [{ name: "nobody", user: {} }],
      contexts: [context],
      "current-context": "down",
    }),
  );
  return {
    environment: {
      OMNIBOT_CONFIG: config,
      OMNIBOT_DATA: join(folder, "data"),
      OMNIBOT_SANDBOX: "1",
      NODE_ENV: "production",
      GITHUB_TOKEN: "nobody",
      GITHUB_API_URL: github,
      KUBECONFIG: kubeconfig,
    },
  };
}

import type { Environment } from "../src/config/config.ts";

/** The environment of the examples, as omnibot.yaml would say it; nobody may approve yet. */
export const production = {
  name: "production",
  channel: undefined,
  build: {
    organization: "https://dev.azure.com/omnispatial",
    project: "OmniSpatial",
    pipeline: 12,
    branch: "main",
    parameters: { environment: "production" },
    marker: { kind: "parameter", name: "omnibotDeploymentId" },
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
    records: false,
    poll: 60_000,
  },
  flux: { cluster: { kind: "in-cluster" }, poke: { kind: "none" }, namespace: undefined },
  approval: { approvers: [], required: 1, expires: 3_600_000, mention: false },
  rollout: { soak: 0 },
  rollback: "offered",
  health: [],
  deadlines: {},
  freeze: [],
  override: [],
  permissions: {},
} as const satisfies Environment;

import type { Config, Environment } from "../config/config.ts";

/** What cards are drawn with; of an environment that is not configured, or not any more, little is known. */
export function environmentOf(name: string, { environments }: Config): Environment {
  const known = Object.hasOwn(environments, name) ? environments[name] : undefined;
  return known ?? unconfigured(name);
}

function unconfigured(name: string): Environment {
  return {
    name,
    channel: undefined,
    build: {
      organization: "",
      project: "",
      pipeline: 0,
      branch: "",
      parameters: {},
      marker: { kind: "none" },
    },
    image: { registry: "", repository: "", tag: "", access: "anonymous" },
    gitops: {
      repository: "",
      branch: "",
      file: "",
      path: [],
      release: undefined,
      mergeMethod: "merge",
      records: false,
      poll: 60_000,
    },
    flux: {
      cluster: { kind: "in-cluster" },
      poke: { kind: "none" },
      namespace: undefined,
    },
    // Nobody can say whether there were enough.
    approval: { approvers: [], required: Number.POSITIVE_INFINITY, expires: 0, mention: false },
    rollout: { soak: 0 },
    rollback: "offered",
    health: [],
    deadlines: {},
    freeze: [],
    override: [],
    permissions: {},
  };
}

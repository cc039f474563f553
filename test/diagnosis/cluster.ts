import type { Fault } from "../../sandbox/stand-in.ts";
import type { Case } from "./case.ts";

const shortly: NonNullable<Case["config"]> = (production) => {
  production["deadlines"] = { sync: "2m" };
};

/** What keeps omnibot from the cluster. */
export const clusterCases: readonly Case[] = [
  {
    cause: "service-unreachable",
    name: "the cluster",
    config: shortly,
    approved: ({ world }) => {
      world.kubernetes.standIn.faults.push({ path: "^/", times: 1e9, reset: "before" });
    },
    decidable: ({ merged }) => merged,
    first: ["connection lost. Tries again"],
    words: [],
  },
  {
    cause: "service-denied",
    name: "one permission of the cluster is gone",
    approved: ({ world }) => void world.kubernetes.standIn.faults.push(forbidden),
    decidable: ({ merged }) => merged,
    first: [
      "omnibot lacks the permission to get helmreleases.helm.toolkit.fluxcd.io in the namespace omnispatial",
    ],
    words: [],
  },
];

/** As RBAC refuses a read, whichever is asked for. */
const forbidden: Fault = {
  path: "/namespaces/omnispatial/helmreleases",
  times: 1e9,
  answer: {
    status: 403,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message:
        'helmreleases.helm.toolkit.fluxcd.io "omnispatial-web" is forbidden: User "system:serviceaccount:omnibot:omnibot" cannot get resource "helmreleases" in API group "helm.toolkit.fluxcd.io" in the namespace "omnispatial"',
      reason: "Forbidden",
      details: { name: "omnispatial-web", group: "helm.toolkit.fluxcd.io", kind: "helmreleases" },
      code: 403,
    }),
  },
};

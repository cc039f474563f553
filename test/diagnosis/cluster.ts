import type { Case } from "./case.ts";

/** What keeps omnibot from the cluster. */
export const clusterCases: readonly Case[] = [
  {
    cause: "service-denied",
    name: "the cluster lets nobody in",
    approved: ({ world }) => {
      const body = JSON.stringify({ kind: "Status", code: 403, message: "forbidden" });
      const answer = { status: 403, headers: { "content-type": "application/json" }, body };
      world.kubernetes.standIn.faults.push({ path: "^/", times: 1e9, answer });
    },
    words: ["forbidden"],
  },
];

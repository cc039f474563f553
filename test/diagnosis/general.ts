import type { Case } from "./case.ts";

/** What can end a deployment whatever it is about. */
export const generalCases: readonly Case[] = [
  {
    cause: "expired",
    config: (production) => {
      const approval = production["approval"];
      production["approval"] = {
        ...(typeof approval === "object" ? approval : {}),
        expires: "60s",
      };
    },
    approve: false,
    decidable: ({ saved }) => [...saved.values()].some(({ expiresAt }) => Date.now() >= expiresAt),
    words: ["It ended at"],
  },
  {
    cause: "timed-out",
    config: (production) => {
      const flux = production["flux"];
      production["flux"] = { ...(typeof flux === "object" ? flux : {}), poke: "none" };
      production["deadlines"] = { sync: "60s" };
    },
    decidable: ({ merged }) => merged,
    first: [/Flux is at main@\w{7}, waits for \w{7}/],
    words: [],
  },
  {
    cause: "service-refused",
    approved: ({ world }) => {
      const status = { kind: "Status", status: "Failure", code: 400, message: "no such field" };
      const headers = { "content-type": "application/json" };
      const answer = { status: 400, headers, body: JSON.stringify(status) };
      world.kubernetes.standIn.faults.push({ path: "/helmreleases", times: 1e9, answer });
    },
    decidable: ({ merged }) => merged,
    words: ["no such field"],
  },
];

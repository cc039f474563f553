import type { Case } from "./case.ts";

/** What can end a deployment whatever it is about. */
export const generalCases: readonly Case[] = [
  {
    cause: "timed-out",
    scenario: "slow",
    config: (production) => void (production["deadlines"] = { build: "20s" }),
    decidable: ({ saved }) =>
      [...saved.values()].some(({ progress }) =>
        progress.some(
          ({ step, startedAt = Infinity }) => step === "build" && Date.now() >= startedAt + 20_000,
        ),
      ),
    words: [/Stage 1 of 2|Waits for an agent/],
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

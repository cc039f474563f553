import { setTimeout as delay } from "node:timers/promises";
import { alex } from "../../sandbox/people.ts";
import type { Case } from "./case.ts";

const deployers = "6d8e0f3a-1c52-4b7d-9e64-2a9f5b3c7d10";

/** What can end a deployment whatever it is about. */
export const generalCases: readonly Case[] = [
  {
    cause: "permission-withdrawn",
    config: (production) => void (production["permissions"] = { deploy: [`group:${deployers}`] }),
    before: ({ world }) => void world.graph.groups.set(deployers, new Set([alex.aadObjectId])),
    approved: async ({ world }) => {
      world.graph.groups.delete(deployers);
      // What Entra said is good for a minute.
      const asked = world.graph.standIn.journal.at(-1)?.at ?? 0;
      while (Date.now() < asked + 61_000) await delay(5);
    },
    decidable: ({ saved }) => [...saved.values()].some(({ approvals }) => approvals.length > 0),
    words: ["Alex Wilber may not deploy to production any more."],
  },
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

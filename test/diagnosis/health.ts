import type { Case } from "./case.ts";

/** What the application itself can answer. */
export const healthCases: readonly Case[] = [
  {
    cause: "health-failing",
    name: "503",
    approved: ({ world }) => {
      const answer = { status: 503, body: "unavailable" };
      world.app.standIn.faults.push({ path: "/healthz", times: 1e9, answer });
    },
    words: ["web answers 503, expected 200"],
  },
];

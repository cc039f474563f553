import type { Case } from "./case.ts";

/** What is wrong with the image before anything is changed in Git. */
export const imageCases: readonly Case[] = [
  {
    cause: "image-not-found",
    scenario: "image-missing",
    decidable: ({ world }) => world.azureDevOps.runs.at(-1)?.result === "succeeded",
    words: ["omnispatial/web:production-40672 is not in"],
  },
];

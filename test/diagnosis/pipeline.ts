import type { Case } from "./case.ts";

/** What Azure DevOps can do to a deployment. */
export const pipelineCases: readonly Case[] = [
  {
    cause: "pipeline-failed",
    scenario: "build-fails",
    decidable: ({ world }) => world.azureDevOps.runs.at(-1)?.result === "failed",
    words: ['Task "Unit tests" failed: 1 of 214 tests failed', "test/scale-bar.test.ts:43:21"],
  },
];

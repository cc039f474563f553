import type { Case } from "./case.ts";

/** What can be wrong with the GitOps repository, its file and its pull request. */
export const changeCases: readonly Case[] = [
  {
    cause: "yaml-invalid",
    before: (stage) => stage.edit((text) => `${text}  : : broken\n`),
    words: [],
  },
];

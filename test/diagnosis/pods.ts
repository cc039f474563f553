import type { Case } from "./case.ts";

/** What the new pods can run into. */
export const podCases: readonly Case[] = [
  {
    cause: "pull-denied",
    scenario: "image-cannot-be-pulled",
    decidable: ({ world }) =>
      world.kubernetes.store
        .list("pods", "omnispatial")
        .some(({ status }) =>
          status.containerStatuses?.some(({ state }) => state.waiting?.reason === "ErrImagePull"),
        ),
    words: ["401 Unauthorized"],
  },
  {
    cause: "crash-loop",
    scenario: "crash-loop",
    decidable: ({ world }) =>
      world.kubernetes.store
        .list("pods", "omnispatial")
        .some(({ status }) =>
          status.containerStatuses?.some(
            ({ restartCount, state }) =>
              restartCount >= 1 && state.waiting?.reason === "CrashLoopBackOff",
          ),
        ),
    words: ["exit code 1", "TILE_CACHE_URL is not set"],
  },
];

import { imageRepository } from "../../sandbox/world.ts";
import type { Case } from "./case.ts";
import { answering, having, hasProven, within } from "./turns.ts";

/** What is wrong with the image before anything is changed in Git. */
export const imageCases: readonly Case[] = [
  {
    cause: "image-not-found",
    scenario: "image-missing",
    decidable: ({ world }) => world.azureDevOps.runs.at(-1)?.result === "succeeded",
    words: ["omnispatial/web:production-40672 is not in"],
  },
  {
    cause: "image-not-found",
    name: "of an earlier build, before anybody is asked",
    ask: "rollback production 40641",
    before: ({ world }) => world.registry.remove("omnispatial/web", "production-40641"),
    words: ["omnispatial/web:production-40641 is not in"],
  },
  {
    cause: "tag-moved",
    name: "since the build",
    turns: [
      {
        when: hasProven("image"),
        does: ({ world }) =>
          world.registry.retag("omnispatial/web", "production-40672", "production-40655"),
      },
    ],
    decidable: hasProven("change"),
    words: [/production-40672 was sha256:\w+… when it was verified, now it is sha256:/],
  },
  {
    cause: "tag-moved",
    name: "of an earlier build, since it was shown",
    ask: "rollback production 40641",
    approved: ({ world }) =>
      world.registry.retag("omnispatial/web", "production-40641", "production-40612"),
    words: [/production-40641 was sha256:\w+… when it was approved, now it is sha256:/],
  },
  {
    cause: "tag-invalid",
    config: having("image", { tag: "{environment}-{buildNumber}" }),
    before: ({ world }) => void (world.azureDevOps.controls.number = "2.48.0+web"),
    decidable: ({ world }) => world.azureDevOps.runs.at(-1)?.result === "succeeded",
    words: ["{environment}-{buildNumber} gives no valid tag."],
  },
  {
    cause: "service-denied",
    name: "the registry",
    before: ({ world }) =>
      void world.registry.standIn.faults.push({
        path: "^/oauth2/",
        ...answering(403, {
          errors: [{ code: "DENIED", message: "requested access to the resource is denied" }],
        }),
      }),
    decidable: ({ world }) => world.azureDevOps.runs.at(-1)?.result === "succeeded",
    words: [
      "⚠ The registry does not let omnibot in",
      "The registry does not let omnibot in.",
      "DENIED, requested access to the resource is denied",
    ],
  },
  {
    cause: "service-unreachable",
    name: "the registry",
    config: within({ "verify-image": "2m" }),
    turns: [{ when: hasProven("run"), does: ({ world }) => world.registry.standIn.shut() }],
    decidable: ({ world }) => world.azureDevOps.runs.at(-1)?.result === "succeeded",
    words: ["The registry did not answer.", "Tries again"],
  },
  {
    cause: "digest-mismatch",
    // Flux hears late of the merge: meanwhile somebody moves the tag.
    approved: ({ world }) => {
      const slow = { method: "PATCH", path: "/gitrepositories/", times: 1, delay: 300 };
      world.kubernetes.standIn.faults.push(slow);
    },
    turns: [
      {
        when: ({ merged }) => merged,
        does: ({ world }) =>
          world.registry.retag(imageRepository, "production-40672", "production-40641"),
      },
    ],
    decidable: ({ world }) => {
      const pods = world.kubernetes.store.list("pods", "omnispatial");
      const moved = world.registry.describe(imageRepository, "production-40672")?.digest;
      const runs = pods.flatMap(({ status }) => status.containerStatuses ?? []);
      const isMoved = (id: string | undefined) =>
        moved !== undefined && id?.endsWith(moved) === true;
      return world.azureDevOps.runs.length > 0 && runs.some((one) => isMoved(one.imageID));
    },
    words: ["in the registry"],
  },
];

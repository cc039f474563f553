import type { Case } from "./case.ts";
import { releaseFile } from "./stage.ts";
import { answering, branchOf, having, hasProven, onGitHub, saved, says, within } from "./turns.ts";

const tagLine = "      tag: production-40655 # the build that is live";

/** What can be wrong with the GitOps repository, its file and its pull request. */
export const changeCases: readonly Case[] = [
  {
    cause: "file-not-found",
    config: having("gitops", { file: "clusters/operations/production/release.yaml" }),
    words: ["clusters/operations/production/release.yaml is not on main of omnispatial/gitops."],
  },
  {
    cause: "yaml-invalid",
    before: (stage) => stage.edit((text) => `${text}  : : broken\n`),
    words: [],
  },
  {
    cause: "yaml-duplicate-key",
    before: (stage) => stage.edit((text) => text.replace(tagLine, `${tagLine}\n${tagLine}`)),
    words: [/Line \d+: Map keys must be unique\./],
  },
  {
    cause: "release-not-found",
    config: having("gitops", { release: "omnispatial-api" }),
    words: [/The file holds omnispatial-web \(line \d+\), and no HelmRelease omnispatial-api\./],
  },
  {
    cause: "tag-not-found",
    config: having("gitops", { path: "spec.values.picture.tag" }),
    words: ["has no spec.values.picture."],
  },
  {
    cause: "tag-ambiguous",
    before: (stage) =>
      stage.edit((text) => `${text}---\n${text.replace("name: omnispatial-web", "name: worker")}`),
    words: [/The file holds omnispatial-web \(line \d+\), worker \(line \d+\), each with a tag\./],
  },
  {
    cause: "tag-not-editable",
    name: "an alias",
    before: (stage) =>
      stage.edit((text) =>
        text
          .replace("    replicaCount: 3", "    build: &build production-40655\n    replicaCount: 3")
          .replace(tagLine, "      tag: *build"),
      ),
    words: ["spec.values.image.tag is an alias, *build."],
  },
  {
    cause: "tag-not-editable",
    name: "a block",
    before: (stage) =>
      stage.edit((text) => text.replace(tagLine, "      tag: >-\n        production-40655")),
    words: ["spec.values.image.tag is a block of text."],
  },
  {
    cause: "already-live",
    ask: "rollback production 40655",
    words: ["production-40655 is live already"],
  },
  {
    cause: "image-automation",
    before: (stage) =>
      stage.edit((text) =>
        text.replace(
          tagLine,
          '      tag: production-40655 # {"$imagepolicy": "flux-system:web:tag"}',
        ),
      ),
    words: [/Line \d+ of clusters\/operations\/production\/helm-release.yaml carries the marker/],
  },
  {
    cause: "live-changed",
    approved: (stage) => stage.edit((text) => text.replace("production-40655", "production-40641")),
    decidable: hasProven("image"),
    words: ["Approved was to replace production-40655, now Git wants production-40641."],
  },
  {
    cause: "change-unexpected",
    name: "somebody pushes to the branch before omnibot does",
    approved: ({ world }) =>
      void world.github.faults.push({ method: "PUT", path: "/contents/", times: 1, delay: 400 }),
    turns: [
      {
        when: ({ world }) =>
          world.github.journal.some(
            ({ method, path }) => method === "POST" && path.endsWith("/git/refs"),
          ),
        does: async (stage) => {
          await stage.world.github.pushCommit({
            branch: branchOf(stage),
            path: "README.md",
            edit: (text) => `${text}One more line.\n`,
            message: "Say more",
          });
        },
      },
    ],
    decidable: ({ world }) =>
      world.github.journal.some(({ method, path }) => method === "POST" && path.endsWith("/pulls")),
    words: ["Pull request 871 changes 2 files."],
  },
  {
    cause: "change-closed",
    name: "by hand",
    before: ({ world }) => void world.github.rules.checks.set("kubeconform", "pending"),
    turns: [
      {
        when: says("GitHub says"),
        does: (stage) => onGitHub(stage, "PATCH", "/pulls/871", { state: "closed" }),
      },
    ],
    decidable: ({ world }) => world.github.journal.some(({ method }) => method === "PATCH"),
    words: ["Pull request 871 is closed."],
  },
  {
    cause: "head-moved",
    before: ({ world }) => void world.github.rules.checks.set("kubeconform", "pending"),
    turns: [
      {
        when: says("GitHub says"),
        does: async (stage) => {
          await stage.world.github.pushCommit({
            branch: branchOf(stage),
            path: releaseFile,
            edit: (text) => text.replace("replicaCount: 3", "replicaCount: 5"),
            message: "Two more",
          });
        },
      },
    ],
    decidable: hasProven("change"),
    words: [/The branch is at [0-9a-f]{7} now\./],
  },
  {
    cause: "change-conflict",
    before: ({ world }) => void world.github.rules.checks.set("kubeconform", "pending"),
    turns: [
      {
        when: says("GitHub says"),
        does: (stage) => stage.edit((text) => text.replace("production-40655", "production-40641")),
      },
    ],
    decidable: hasProven("change"),
    words: ["Pull request 871 cannot be merged."],
  },
  {
    cause: "merge-blocked-checks",
    name: "told while it waits",
    before: ({ world }) => void world.github.rules.checks.set("kubeconform", "pending"),
    decidable: hasProven("change"),
    words: [
      '⚠ The merge has to wait for the check "kubeconform", which main requires.',
      'GitHub says: Required status check "kubeconform" is expected.',
    ],
    ends: "waiting",
  },
  {
    cause: "merge-blocked-checks",
    name: "one that fails, too long",
    config: within({ "merge-change": "1m" }),
    before: ({ world }) => void world.github.rules.checks.set("kubeconform", "failure"),
    words: ['Required status check "kubeconform" is failing.'],
  },
  {
    cause: "merge-blocked-review",
    config: within({ "merge-change": "1m" }),
    before: ({ world }) => void (world.github.rules.reviews = { required: 1, given: 0 }),
    words: [
      "⚠ The merge has to wait for a review on GitHub, unless omnibot may bypass that rule of main.",
      "GitHub says: At least 1 approving review is required by reviewers with write access.",
    ],
  },
  {
    cause: "merge-not-permitted",
    config: within({ "merge-change": "1m" }),
    before: ({ world }) => void (world.github.rules.locked = true),
    words: [
      "⚠ Only who may bypass its rules can change main.",
      "GitHub says: You're not authorized to push to this branch.",
    ],
  },
  {
    cause: "merge-blocked",
    config: within({ "merge-change": "1m" }),
    approved: ({ world }) =>
      void world.github.faults.push({
        method: "PUT",
        path: "/merge-async$",
        ...answering(405, { message: "Merging is paused by a freeze of the organization" }),
      }),
    words: ["GitHub says: Merging is paused by a freeze of the organization"],
  },
  {
    cause: "service-denied",
    name: "GitHub",
    before: ({ world }) => {
      world.github.rules.permissions.push = false;
      world.github.faults.push({
        method: "POST",
        path: "/git/refs$",
        ...answering(403, { message: "Resource not accessible by integration" }),
      });
    },
    decidable: hasProven("image"),
    words: [
      "⚠ omnibot may not push to omnispatial/gitops and open pull requests there.",
      "GitHub does not let omnibot in.",
      "Resource not accessible by integration",
    ],
  },
  {
    cause: "service-unreachable",
    name: "GitHub",
    config: within({ "open-change": "2m" }),
    turns: [{ when: hasProven("image"), does: ({ world }) => world.github.standIn.shut() }],
    decidable: (stage) => saved(stage)?.evidence.image !== undefined,
    words: ["GitHub did not answer.", "Tries again"],
  },
];

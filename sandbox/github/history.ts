import type { GitRepository } from "./repository.ts";

export interface CommitRecord {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: { readonly name: string; readonly email: string; readonly at: number };
  readonly committer: { readonly name: string; readonly email: string; readonly at: number };
  readonly message: string;
}

export interface FileChange {
  readonly path: string;
  readonly status: "added" | "removed" | "modified";
  readonly additions: number;
  readonly deletions: number;
  /** The blob after the change; before it, where the file was removed. */
  readonly sha: string;
  /** The hunks of the unified diff; missing for a binary file. */
  readonly patch: string | undefined;
}

const fields = ["%H", "%T", "%P", "%an", "%ae", "%at", "%cn", "%ce", "%ct", "%B"].join("%x00");
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/** The commits that a commit descends from, newest first, of one path where it is given. */
export async function readLog(
  repository: GitRepository,
  range: string,
  options: { readonly path?: string | undefined; readonly limit: number; readonly skip?: number },
): Promise<readonly CommitRecord[]> {
  const path = options.path === undefined || options.path === "" ? [] : [options.path];
  const limits = [`--max-count=${options.limit}`, `--skip=${options.skip ?? 0}`];
  const args = ["log", `--format=tformat:${fields}%x1e`, ...limits, range, "--", ...path];
  const output = await repository.text(args);
  return output
    .split("\x1e\n")
    .filter((record) => record !== "")
    .map(parseCommit);
}

export async function readCommit(repository: GitRepository, commit: string): Promise<CommitRecord> {
  const [record] = await readLog(repository, commit, { limit: 1 });
  if (record === undefined) throw new Error(`there is no commit ${commit}`);
  return record;
}

function parseCommit(record: string): CommitRecord {
  const [sha = "", tree = "", parents = "", ...rest] = record.split("\0");
  const [name = "", email = "", at = "", byName = "", byEmail = "", byAt = "", message = ""] = rest;
  return {
    sha,
    tree,
    parents: parents.split(" ").filter((parent) => parent !== ""),
    author: { name, email, at: Number(at) * 1000 },
    committer: { name: byName, email: byEmail, at: Number(byAt) * 1000 },
    message: message.trimEnd(),
  };
}

/** What changed between two commits; `undefined` stands for nothing at all. */
export async function readChanges(
  repository: GitRepository,
  from: string | undefined,
  to: string,
): Promise<readonly FileChange[]> {
  const base = from ?? emptyTree;
  const common = ["diff-tree", "-r", "-z", "--no-renames"];
  const raw = (await repository.text([...common, "--raw", "--no-abbrev", base, to])).split("\0");
  const numbers = await repository.text([...common, "--numstat", base, to]);
  const counts = new Map(
    numbers.split("\0").flatMap((line) => {
      const [additions = "", deletions = "", path] = line.split("\t");
      return path === undefined ? [] : [[path, [Number(additions) || 0, Number(deletions) || 0]]];
    }),
  );
  const changes: FileChange[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [, , before = "", after = "", letter = ""] = (raw[i] ?? "").split(" ");
    const path = raw[i + 1] ?? "";
    const [additions = 0, deletions = 0] = counts.get(path) ?? [];
    const status = letter === "A" ? "added" : letter === "D" ? "removed" : "modified";
    const sha = status === "removed" ? before : after;
    const patch = await readPatch(repository, base, to, path);
    changes.push({ path, status, additions, deletions, sha, patch });
  }
  return changes;
}

async function readPatch(
  repository: GitRepository,
  from: string,
  to: string,
  path: string,
): Promise<string | undefined> {
  const args = [
    "diff-tree",
    "-p",
    "--no-renames",
    "--no-ext-diff",
    "--no-color",
    from,
    to,
    "--",
    path,
  ];
  const diff = await repository.text(args);
  const start = diff.indexOf("\n@@ ");
  return start < 0 ? undefined : diff.slice(start + 1).replace(/\n$/, "");
}

/** The best common ancestor. */
export async function readMergeBase(
  repository: GitRepository,
  one: string,
  other: string,
): Promise<string | undefined> {
  const result = await repository.git(["merge-base", one, other], { answers: [0, 1] });
  return result.code === 0 ? result.stdout.toString("utf8").trim() : undefined;
}

export async function countCommits(repository: GitRepository, range: string): Promise<number> {
  return Number(await repository.text(["rev-list", "--count", range]));
}

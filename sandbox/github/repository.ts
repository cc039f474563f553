import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type GitOptions, type GitResult, readHead, runGit } from "./git.ts";

export interface Signature {
  readonly name: string;
  readonly email: string;
  /** Milliseconds since 1970; now where it is missing. */
  readonly at?: number;
}

export interface Entry {
  readonly mode: string;
  readonly type: "blob" | "tree" | "commit";
  readonly sha: string;
  readonly path: string;
}

export interface NewCommit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly author: Signature;
  readonly committer: Signature;
}

/** A commit by one person, with the files that it adds or replaces. */
export interface WholeCommit {
  readonly message: string;
  readonly by: Signature;
  readonly files: Readonly<Record<string, string>>;
}

/** A branch that moved: `before` is missing for a new one, `after` for one that was removed. */
export interface Push {
  readonly branch: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

const nobody = "0".repeat(40);

/** A bare git repository on disk, and who wants to know when a branch moves. */
export class GitRepository {
  readonly dir: string;
  readonly #listeners = new Set<(push: Push) => void>();
  #writing: Promise<unknown> = Promise.resolve();

  constructor(dir: string) {
    this.dir = dir;
  }

  static async create(dir: string): Promise<GitRepository> {
    await mkdir(dir, { recursive: true });
    await runGit(dir, ["init", "--quiet", "--bare", "--template=", "--initial-branch=main"]);
    return new GitRepository(dir);
  }

  git(args: readonly string[], options?: GitOptions): Promise<GitResult> {
    return runGit(this.dir, args, options);
  }

  async text(args: readonly string[], options?: GitOptions): Promise<string> {
    return (await this.git(args, options)).stdout.toString("utf8");
  }

  /** Runs one piece of work that reads and then writes, alone. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#writing.then(work);
    this.#writing = result.catch(() => {});
    return result;
  }

  onPush(listener: (push: Push) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  announce(push: Push): void {
    for (const listener of this.#listeners) listener(push);
  }

  /** The commit that a branch, or any other name of a commit, stands for. */
  async resolve(revision: string): Promise<string | undefined> {
    if (revision.startsWith("-")) return undefined;
    const head = await readHead(this.dir, revision.replace(/^refs\/heads\//, ""));
    if (head !== undefined) return head;
    const wanted = `${revision}^{commit}`;
    const result = await this.git(["rev-parse", "--verify", "--quiet", wanted], {
      answers: [0, 1, 128],
    });
    return result.code === 0 ? result.stdout.toString("utf8").trim() : undefined;
  }

  head(branch: string): Promise<string | undefined> {
    return this.resolve(`refs/heads/${branch}`);
  }

  async isBranchName(name: string): Promise<boolean> {
    if (name.startsWith("-")) return false;
    const ref = `refs/heads/${name}`;
    return (await this.git(["check-ref-format", ref], { answers: [0, 1] })).code === 0;
  }

  async branches(): Promise<readonly string[]> {
    const names = await this.text(["for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads"]);
    return names.split("\n").filter((name) => name !== "");
  }

  async tree(commit: string): Promise<string> {
    return (await this.text(["rev-parse", "--verify", `${commit}^{tree}`])).trim();
  }

  /** What stands at a path of a commit. */
  async entry(commit: string, path: string): Promise<Entry | undefined> {
    return parseEntries(await this.text(["ls-tree", "-z", "--full-tree", commit, "--", path]))[0];
  }

  /** What a directory of a commit holds; `""` is the root. */
  async list(commit: string, directory: string): Promise<readonly Entry[]> {
    const tree = directory === "" ? commit : `${commit}:${directory}`;
    const entries = parseEntries(await this.text(["ls-tree", "-z", "--full-tree", tree]));
    if (directory === "") return entries;
    return entries.map((entry) => ({ ...entry, path: `${directory}/${entry.path}` }));
  }

  async blob(sha: string): Promise<Buffer> {
    return (await this.git(["cat-file", "blob", sha])).stdout;
  }

  /** The tree of a commit with some files replaced or added. */
  async treeWith(
    commit: string | undefined,
    files: Readonly<Record<string, string | Buffer>>,
  ): Promise<string> {
    const index = join(this.dir, `index-${randomUUID()}`);
    const env = { GIT_INDEX_FILE: index };
    try {
      if (commit !== undefined) await this.git(["read-tree", commit], { env });
      for (const [path, content] of Object.entries(files)) {
        const sha = (await this.text(["hash-object", "-w", "--stdin"], { input: content })).trim();
        await this.git(["update-index", "--add", "--cacheinfo", `100644,${sha},${path}`], { env });
      }
      return (await this.text(["write-tree"], { env })).trim();
    } finally {
      await rm(index, { force: true });
    }
  }

  /** Writes a commit; it belongs to no branch yet. */
  async commit({ tree, parents, message, author, committer }: NewCommit): Promise<string> {
    const env = {
      GIT_AUTHOR_NAME: author.name,
      GIT_AUTHOR_EMAIL: author.email,
      GIT_AUTHOR_DATE: gitDate(author.at),
      GIT_COMMITTER_NAME: committer.name,
      GIT_COMMITTER_EMAIL: committer.email,
      GIT_COMMITTER_DATE: gitDate(committer.at),
    };
    const args = ["commit-tree", tree, ...parents.flatMap((parent) => ["-p", parent]), "-F", "-"];
    return (await this.text(args, { env, input: message })).trim();
  }

  /** Writes a new branch with all its commits, oldest first, by one process. */
  async write(branch: string, commits: readonly WholeCommit[]): Promise<void> {
    const lines = commits.flatMap(({ message, by, files }) => [
      `commit refs/heads/${branch}`,
      `author ${by.name} <${by.email}> ${gitDate(by.at)}`,
      `committer ${by.name} <${by.email}> ${gitDate(by.at)}`,
      sized(message),
      ...Object.entries(files).map(([path, text]) => `M 100644 inline ${path}\n${sized(text)}`),
    ]);
    await this.git(["fast-import", "--quiet", "--done"], { input: `${lines.join("\n")}\ndone\n` });
  }

  /** Moves a branch if it still stands at `before` (missing: does not exist); false when somebody else was faster. */
  async move(branch: string, before: string | undefined, after: string): Promise<boolean> {
    const args = ["update-ref", `refs/heads/${branch}`, after, before ?? nobody];
    const moved = (await this.git(args, { answers: [0, 1, 128] })).code === 0;
    if (moved) this.announce({ branch, before, after });
    return moved;
  }

  async remove(branch: string, before: string): Promise<void> {
    await this.git(["update-ref", "-d", `refs/heads/${branch}`, before]);
    this.announce({ branch, before, after: undefined });
  }
}

function parseEntries(output: string): Entry[] {
  return output.split("\0").flatMap((line) => {
    const [, mode, type, sha, path] =
      /^(\d+) (blob|tree|commit) ([0-9a-f]+)\t(.*)$/s.exec(line) ?? [];
    if (mode === undefined || sha === undefined || path === undefined) return [];
    if (type !== "blob" && type !== "tree" && type !== "commit") return [];
    return [{ mode, type, sha, path }];
  });
}

function sized(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}`;
}

function gitDate(at: number | undefined): string {
  return `${Math.floor((at ?? Date.now()) / 1000)} +0000`;
}

import { runGit } from "../github/git.ts";

export interface Commit {
  readonly sha: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly subject: string;
}

/** Reads the bare repository that Flux syncs from. */
export class Repository {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** The head of a branch; throws in git's words when it cannot be read. */
  async head(branch: string): Promise<Commit> {
    const [commit] = await this.log(`refs/heads/${branch}`, 1);
    if (commit === undefined) throw new Error(`couldn't find remote ref "refs/heads/${branch}"`);
    return commit;
  }

  /** The newest commits, newest first, of those that changed something below `path`. */
  async log(from: string, count: number, path?: string): Promise<Commit[]> {
    const below = path === undefined ? [] : ["--", path];
    const output = await this.#git(
      "log",
      "--first-parent",
      `-${count}`,
      "--format=%H%x00%ct%x00%s",
      from,
      ...below,
    );
    return output
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const [sha = "", seconds, subject = ""] = line.split("\0");
        return { sha, at: Number(seconds) * 1000, subject };
      });
  }

  /** The paths of all files at or below a path of a commit. */
  async files(sha: string, path: string): Promise<string[]> {
    const below = path === "" ? [] : ["--", path];
    const output = await this.#git(
      "ls-tree",
      "-r",
      "-z",
      "--name-only",
      "--full-tree",
      sha,
      ...below,
    );
    return output.split("\0").filter((name) => name !== "");
  }

  async read(sha: string, path: string): Promise<string> {
    return await this.#git("cat-file", "blob", `${sha}:${path}`);
  }

  async #git(...args: string[]): Promise<string> {
    const { stdout } = await runGit(this.#dir, args);
    return stdout.toString("utf8");
  }
}

import { readHead, runGit } from "../github/git.ts";

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
    const name = (await readHead(this.#dir, branch)) ?? `refs/heads/${branch}`;
    const [commit] = await this.log(name, 1);
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
    const all = [...(await this.#blobs(sha)).keys()];
    return path === "" ? all : all.filter((one) => one === path || one.startsWith(`${path}/`));
  }

  async read(sha: string, path: string): Promise<string> {
    const blob = (await this.#blobs(sha)).get(path);
    // By its own id, since many commits have it.
    return await this.#git("cat-file", "blob", blob ?? `${sha}:${path}`);
  }

  /** The id of every file of a commit, by its path. */
  async #blobs(sha: string): Promise<ReadonlyMap<string, string>> {
    const output = await this.#git("ls-tree", "-r", "-z", "--full-tree", sha);
    const lines = output.matchAll(/\d+ blob ([0-9a-f]+)\t([^\0]*)\0/g);
    return new Map([...lines].map(([, id = "", path = ""]) => [path, id]));
  }

  async #git(...args: string[]): Promise<string> {
    const { stdout } = await runGit(this.#dir, args);
    return stdout.toString("utf8");
  }
}

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { devNull } from "node:os";
import { join } from "node:path";

const timeout = 20_000;
const maxOutput = 32 * 1024 * 1024;

export interface GitResult {
  readonly code: number;
  readonly stdout: Buffer;
}

export interface GitOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  /** Exit codes that are answers; any other is thrown. */
  readonly answers?: readonly number[];
}

/** What only reads objects: of full ids alone, it says the same for ever. */
const readers = new Set([
  "cat-file",
  "diff-tree",
  "log",
  "ls-tree",
  "merge-base",
  "merge-tree",
  "rev-list",
  "rev-parse",
]);
const id = /^[0-9a-f]{40}(?![0-9a-f])/;
const most = 5000;
const known = new Map<string, Promise<GitResult>>();

/** Runs git, or remembers what it said: starting a process costs more than everything else that a stand-in does. */
export async function runGit(
  gitDir: string,
  args: readonly string[],
  options: GitOptions = {},
): Promise<GitResult> {
  if (options.input !== undefined || options.env !== undefined || !saysTheSame(args))
    return start(gitDir, args, options);
  const key = [gitDir, ...args].join("\0");
  const before = known.get(key);
  if (before !== undefined) return before;
  if (known.size >= most) known.clear();
  const result = start(gitDir, args, options);
  known.set(key, result);
  const forget = () => known.delete(key);
  // What is not there now may be there later.
  result.then(({ code }) => code !== 0 && forget(), forget);
  return result;
}

function saysTheSame([command = "", ...rest]: readonly string[]): boolean {
  const paths = rest.indexOf("--");
  const revisions = rest
    .slice(0, paths < 0 ? rest.length : paths)
    .filter((one) => !one.startsWith("-") && one !== "blob");
  return readers.has(command) && revisions.length > 0 && revisions.every((one) => id.test(one));
}

/** The commit of a branch where that stands in a file of its own, as git leaves it after every change; else undefined. */
export async function readHead(gitDir: string, branch: string): Promise<string | undefined> {
  if (!/^\w[\w./-]*$/.test(branch) || branch.includes("..")) return undefined;
  const text = await readFile(join(gitDir, "refs", "heads", branch), "utf8").catch(() => "");
  return id.exec(text)?.[0];
}

/**
 * Runs the system's git without a shell, in one repository, deaf to the settings of this machine and its user. Throws
 * after 20 seconds and on an exit code that is not an answer.
 */
function start(gitDir: string, args: readonly string[], options: GitOptions): Promise<GitResult> {
  const env = {
    PATH: process.env["PATH"] ?? "",
    LC_ALL: "C",
    GIT_DIR: gitDir,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: devNull,
    GIT_TERMINAL_PROMPT: "0",
    GIT_LITERAL_PATHSPECS: "1",
    ...options.env,
  };
  const answers = options.answers ?? [0];
  return new Promise((resolve, reject) => {
    const child = execFile(
      "git",
      [...args],
      { encoding: "buffer", timeout, maxBuffer: maxOutput, env },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        if (typeof code === "number" && answers.includes(code)) return resolve({ code, stdout });
        const said = stderr.toString("utf8").trim() || (error?.message ?? "no words");
        reject(new Error(`git ${args[0] ?? ""} failed: ${said}`));
      },
    );
    // git may end before it has read everything; its exit code says whether that was right.
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input ?? "");
  });
}

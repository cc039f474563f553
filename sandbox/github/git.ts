import { execFile } from "node:child_process";
import { devNull } from "node:os";

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

/**
 * Runs the system's git without a shell, in one repository, deaf to the settings of this machine and its user. Throws
 * after 20 seconds and on an exit code that is not an answer.
 */
export function runGit(
  gitDir: string,
  args: readonly string[],
  options: GitOptions = {},
): Promise<GitResult> {
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

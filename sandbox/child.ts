import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

export interface ChildOptions {
  readonly name: string;
  /** Arguments for Node. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** File that its output is added to. */
  readonly log: string;
  /** Answers with success once it is ready. */
  readonly readyUrl: string;
}

export interface Child {
  readonly pid: number | undefined;
  /** Resolves when it has ended, however: its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  signal(which: NodeJS.Signals): void;
  /** Ends it the polite way and waits; after `patience` milliseconds the other way. */
  stop(patience: number): Promise<void>;
  /** Ends it without a word, as a crash would. */
  kill(): Promise<void>;
}

/** How long it may take until it is ready, in milliseconds: a busy machine loads large packages slowly. */
const startTime = 60_000;

const children = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** Ends this child with this process, whatever ends that. */
export function neverOutlive(child: ChildProcess): void {
  children.add(child);
  child.once("exit", () => children.delete(child));
}

/** What a child gets of this process's environment; most of a start is compiling, which one process does for all. */
export function usualEnvironment(): Readonly<Record<string, string>> {
  const names = ["PATH", "HOME", "NODE_COMPILE_CACHE"];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Starts a Node process and waits until it is ready. It never outlives this one. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, args, environment, folder, log, readyUrl } = options;
  mkdirSync(dirname(log), { recursive: true });
  // The child writes its log itself: what it has said is there, however busy this process is, and however the child ends.
  const output = openSync(log, "a");
  const child = spawn(process.execPath, ["--no-warnings", ...args], {
    ...(folder === undefined ? {} : { cwd: folder }),
    env: { ...usualEnvironment(), ...environment },
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  let running = true;
  const killNow = () => void child.kill("SIGKILL");
  neverOutlive(child);
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once("exit", (code, signal) => {
      running = false;
      resolve(code ?? signal ?? "SIGKILL");
    });
  });

  for (const end = Date.now() + startTime; ; await delay(50)) {
    if (!running) throw new Error(`${name} ended while it started; see ${log}`);
    const asked = fetch(readyUrl, { signal: AbortSignal.timeout(2000) });
    if ((await asked.catch(() => undefined))?.ok === true) break;
    if (Date.now() < end) continue;
    killNow();
    throw new Error(`${name} was not ready in ${startTime / 1000} seconds; see ${log}`);
  }

  return {
    pid: child.pid,
    ended,
    signal: (which) => void child.kill(which),
    async stop(patience) {
      child.kill("SIGTERM");
      const late = setTimeout(killNow, patience);
      await ended;
      clearTimeout(late);
    },
    async kill() {
      killNow();
      await ended;
    },
  };
}

import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

export interface BotProcess {
  /** Where it takes its messages. */
  readonly url: string;
  readonly pid: number | undefined;
  /** Ends it the polite way, and waits; after 15 seconds the other way. */
  stop(): Promise<void>;
  /** Ends it without a word, as a crash would. */
  kill(): Promise<void>;
}

export interface BotOptions {
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
  /** File that its log is added to. */
  readonly log: string;
}

/** How long it may take until it is ready, in milliseconds: a busy machine loads the SDKs slowly. */
const startTime = 60_000;

/** Starts omnibot as a process of its own, as `npm start` would, and waits until it is ready. */
export async function startBot({ port, environment, log }: BotOptions): Promise<BotProcess> {
  mkdirSync(dirname(log), { recursive: true });
  const output = createWriteStream(log, { flags: "a" });
  const child = spawn(process.execPath, ["--no-warnings", "src/main.ts"], {
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: process.env["HOME"] ?? "",
      ...environment,
      PORT: String(port),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.pipe(output, { end: false });
  child.stderr.pipe(output, { end: false });
  const url = `http://127.0.0.1:${port}`;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await ready(child, url, log);
  return {
    url: `${url}/api/messages`,
    pid: child.pid,
    async stop() {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 15_000);
      await ended;
      clearTimeout(late);
      output.end();
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
      output.end();
    },
  };
}

async function ready(child: ChildProcess, url: string, log: string): Promise<void> {
  const end = Date.now() + startTime;
  while (Date.now() < end) {
    if (child.exitCode !== null)
      throw new Error(`omnibot ended with code ${child.exitCode}; see ${log}`);
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) }).catch(
      () => undefined,
    );
    if (answer?.ok === true) return;
    await delay(50);
  }
  child.kill("SIGKILL");
  throw new Error(`omnibot was not ready in ${startTime / 1000} seconds; see ${log}`);
}

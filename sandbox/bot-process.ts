import manifest from "../package.json" with { type: "json" };
import { startChild, type Child } from "./child.ts";

export interface BotProcess extends Pick<Child, "pid" | "ended" | "signal"> {
  /** Where it takes its messages. */
  readonly url: string;
  /** Ends it the polite way, and waits. */
  stop(): Promise<void>;
  /** Ends it without a word, as a crash would. */
  kill(): Promise<void>;
}

export interface BotOptions {
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
  /** File that its log is added to. */
  readonly log: string;
  /** Where omnibot's sources lie; this version's, if it is left out. */
  readonly folder?: string | undefined;
}

/** How `npm start` has Node keep house. */
export const nodeFlags: readonly string[] = manifest.scripts.start
  .split(" ")
  .filter((word) => /^--(max|heap)-/.test(word));

/** It gives itself 10 seconds to end its looks. */
const patience = 15_000;

/** Starts omnibot as a process of its own, as `npm start` would, and waits until it is ready. */
export async function startBot({
  port,
  environment,
  log,
  folder,
}: BotOptions): Promise<BotProcess> {
  const url = `http://127.0.0.1:${port}`;
  const child = await startChild({
    name: "omnibot",
    args: [...nodeFlags, "src/main.ts"],
    environment: { ...environment, PORT: String(port) },
    log,
    ...(folder === undefined ? {} : { folder }),
    readyUrl: `${url}/readyz`,
  });
  return {
    url: `${url}/api/messages`,
    pid: child.pid,
    ended: child.ended,
    signal: (which) => child.signal(which),
    stop: () => child.stop(patience),
    kill: () => child.kill(),
  };
}

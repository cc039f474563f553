import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { report, type Order, type Point } from "./orders.ts";

export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One process of omnibot, from loading to its end. */
export interface Process {
  /** Starts omnibot as soon as it is loaded. */
  begin(crash: Point | undefined, trace: () => boolean): Promise<void>;
  order(crash: Point | undefined): void;
  trace(on: boolean): void;
  /** Resolves when omnibot takes messages; never, if it ends before. */
  readonly listening: Promise<void>;
  readonly ended: Promise<End>;
  kill(): void;
}

export interface ProcessOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** File that its log is added to. */
  readonly log: string;
  readonly passed: (point: string) => void;
  /** Told when something is held where that was ordered. */
  readonly held?: () => void;
}

/** Loads omnibot in a process of its own. It never outlives this one. */
export function loadProcess({ environment, log, passed, held }: ProcessOptions): Process {
  const output = openSync(log, "a");
  const child = spawn(process.execPath, ["--no-warnings", "test/crash/omnibot.ts"], {
    env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...environment },
    stdio: ["ignore", output, output, "ipc"],
  });
  closeSync(output);
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  const loaded = Promise.withResolvers<void>();
  const listening = Promise.withResolvers<void>();
  child.on("message", (message) => {
    const told = report.parse(message);
    if (told.type === "passed") passed(told.point);
    else if (told.type === "held") held?.();
    else if (told.type === "loaded") loaded.resolve();
    else listening.resolve();
  });
  // A message to a process that was killed a moment ago.
  child.on("error", () => {});
  const ended = once(child, "exit").then(([code, signal]: unknown[]): End => {
    process.off("exit", kill);
    return {
      code: typeof code === "number" ? code : null,
      signal: typeof signal === "string" ? (signal as NodeJS.Signals) : null,
    };
  });
  const send = (order: Order) => {
    if (child.connected) child.send(order, () => {});
  };

  return {
    async begin(crash, trace) {
      await Promise.race([loaded.promise, ended]);
      send({ type: "begin", trace: trace(), ...(crash === undefined ? {} : { crash }) });
    },
    order: (crash) => send({ type: "crash", ...(crash === undefined ? {} : { crash }) }),
    trace: (on) => send({ type: "trace", on }),
    listening: listening.promise,
    ended,
    kill,
  };
}

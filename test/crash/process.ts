import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { neverOutlive, usualEnvironment } from "../../sandbox/child.ts";
import { report, type Blow, type Order, type Point } from "./orders.ts";

export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One process of omnibot, from loading to its end. */
export interface Process {
  /** Starts omnibot as soon as it is loaded, at the port of the environment unless another is given. */
  begin(crash: Point | undefined, trace: () => boolean, port?: number): Promise<void>;
  order(crash: Point | undefined): void;
  trace(on: boolean): void;
  /** Resolves when omnibot could start at once; never, if it ends before. */
  readonly loaded: Promise<void>;
  /** Resolves when omnibot takes messages; never, if it ends before. */
  readonly listening: Promise<void>;
  readonly ended: Promise<End>;
  kill(): void;
  /** Goes on after it has stood still. */
  resume(): void;
}

export interface ProcessOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** File that its log is added to. */
  readonly log: string;
  readonly passed: (point: string) => void;
  /** Told when something is held, or the process stands still, where that was ordered. */
  readonly struck?: (blow: Blow) => void;
  /** Told what a port can be asked. */
  readonly calls?: (calls: readonly string[]) => void;
}

/** Loads omnibot in a process of its own. It never outlives this one. */
export function loadProcess(options: ProcessOptions): Process {
  const { environment, log } = options;
  const output = openSync(log, "a");
  const child = spawn(process.execPath, ["--no-warnings", "test/crash/omnibot.ts"], {
    env: { ...usualEnvironment(), ...environment },
    stdio: ["ignore", output, output, "ipc"],
  });
  closeSync(output);
  const kill = () => void child.kill("SIGKILL");
  neverOutlive(child);
  const loaded = Promise.withResolvers<void>();
  const listening = Promise.withResolvers<void>();
  child.on("message", (message) => {
    const told = report.parse(message);
    switch (told.type) {
      case "loaded":
        return loaded.resolve();
      case "listening":
        return listening.resolve();
      case "calls":
        return options.calls?.(told.calls);
      case "passed":
        return options.passed(told.point);
      case "struck":
        return options.struck?.(told.blow);
    }
  });
  // A message to a process that was killed a moment ago.
  child.on("error", () => {});
  const ended = once(child, "exit").then(([code, signal]: unknown[]): End => ({
    code: typeof code === "number" ? code : null,
    signal: typeof signal === "string" ? (signal as NodeJS.Signals) : null,
  }));
  const send = (order: Order) => {
    if (child.connected) child.send(order, () => {});
  };

  return {
    async begin(crash, trace, port) {
      await Promise.race([loaded.promise, ended]);
      send({ type: "begin", trace: trace(), crash, port });
    },
    order: (crash) => send({ type: "crash", crash }),
    trace: (on) => send({ type: "trace", on }),
    loaded: loaded.promise,
    listening: listening.promise,
    ended,
    kill,
    resume: () => void child.kill("SIGCONT"),
  };
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startBotConnector, type BotConnector } from "../sandbox/bot-connector/bot-connector.ts";
import { nodeFlags } from "../sandbox/bot-process.ts";
import { cardActions } from "../sandbox/card-text.ts";
import { neverOutlive } from "../sandbox/child.ts";
import { freePort } from "../sandbox/free-port.ts";
import { alex, megan } from "../sandbox/people.ts";
import { startWorld, type World, type WorldOptions } from "../sandbox/world.ts";
import { told, type Measure, type Saved } from "./told.ts";

export interface StageOptions extends Omit<WorldOptions, "folder"> {
  readonly folder: string;
  /** Of omnibot's own time; 1 by default. */
  readonly clockSpeed?: number;
  /** false: it polls, and nobody tells it anything. */
  readonly watch?: boolean;
  /** Azure DevOps, GitHub and Flux tell of what happens by themselves. */
  readonly hooks?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

/** omnibot at work in the sandbox's world, and somebody who asks and approves. */
export interface Stage {
  readonly world: World;
  readonly teams: BotConnector;
  readonly pid: number;
  /** Every save so far, in order. */
  readonly saves: readonly Saved[];
  /** Asks for a deployment and approves it. The first of its saves is after `approvedAt` (ms since 1970). */
  deploy(environment: string): Promise<Asked>;
  /** Waits for a save. @throws Error after `within` milliseconds. */
  until(what: string, isTrue: (saved: Saved) => boolean, within?: number): Promise<Saved>;
  measure(): Promise<Measure>;
  close(): Promise<void>;
}

export interface Asked {
  readonly environment: string;
  readonly approvedAt: number;
  readonly thread: string;
}

const usualPatience = 90_000;
const pause = 5;

export async function startStage(options: StageOptions): Promise<Stage> {
  const {
    folder,
    clockSpeed = 1,
    watch = true,
    hooks = false,
    environment = {},
    ...rest
  } = options;
  const world = await startWorld({ folder: join(folder, "world"), ...rest });
  const port = await freePort();
  const teams = await startBotConnector({ botUrl: `http://127.0.0.1:${port}/api/messages` });
  const log = openSync(join(folder, "omnibot.log"), "a");
  const child = spawn(process.execPath, ["--no-warnings", ...nodeFlags, "bench/probe.ts"], {
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: process.env["HOME"] ?? "",
      NODE_ENV: "production",
      LOG_LEVEL: "warn",
      ...world.environment,
      ...environment,
      PORT: String(port),
      BENCH_SPEED: String(clockSpeed),
      BENCH_WATCH: watch ? "1" : "0",
    },
    stdio: ["ignore", log, log, "ipc"],
  });
  neverOutlive(child);
  const saves: Saved[] = [];
  let measured: ((found: Measure) => void) | undefined;
  const ready = Promise.withResolvers<void>();
  child.once("exit", (code) => ready.reject(new Error(`omnibot ended with ${code}`)));
  child.on("message", (message) => {
    const said = told.parse(message);
    if (said.type === "saved") saves.push(said);
    else if (said.type === "measure") measured?.(said);
    else ready.resolve();
  });
  await ready.promise;
  if (hooks) world.hooks.to(`http://127.0.0.1:${port}`);

  const stage: Stage = {
    world,
    teams,
    pid: child.pid ?? 0,
    saves,
    async deploy(name) {
      world.azureDevOps.pushCommit({ message: `Change for ${name}`, author: "Lee Gu" });
      const { threadId } = await teams.say(alex, `deploy ${name}`);
      const end = performance.now() + usualPatience;
      for (;;) {
        const card = teams
          .thread(threadId)
          .find((post) => cardActions(post.latest.card).some(({ verb }) => verb === "approve"));
        if (card !== undefined) {
          await teams.click(megan, card.id, "approve");
          return { environment: name, approvedAt: now(), thread: threadId };
        }
        if (performance.now() > end) throw new Error(`there is no question about ${name}`);
        await delay(pause);
      }
    },
    async until(what, isTrue, within = usualPatience) {
      const end = performance.now() + within;
      for (let seen = 0; ; await delay(pause)) {
        const found = saves.slice(seen).find(isTrue);
        if (found !== undefined) return found;
        seen = saves.length;
        if (performance.now() > end) throw new Error(`waited ${within} ms for ${what}`);
      }
    },
    async measure() {
      const found = Promise.withResolvers<Measure>();
      measured = found.resolve;
      child.send("measure");
      return found.promise;
    },
    async close() {
      const ended = child.exitCode === null ? once(child, "exit") : undefined;
      child.kill("SIGKILL");
      await ended;
      await teams.close();
      await world.close();
    },
  };
  return stage;
}

/** Milliseconds since 1970, as finely as this process knows them. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

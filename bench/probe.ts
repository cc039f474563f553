/**
 * omnibot as a process that tells what happens inside: every save of a row, how long others were waited for, what it holds.
 * Nothing of it is changed but time, where a measurement wants it to pass faster.
 */
import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { z } from "zod";
import { loadSettings } from "../src/config/load-settings.ts";
import type { Claim } from "../src/deployment/ledger.ts";
import type { World } from "../src/deployment/ports.ts";
import { createLog } from "../src/log.ts";
import { startOmnibot, type Parts } from "../src/omnibot.ts";
import type { Measure, Saved } from "./told.ts";

const speed = Number(process.env["BENCH_SPEED"] ?? "1");
const watches = process.env["BENCH_WATCH"] !== "0";

const begun = Date.now();
const clock = { now: () => begun + Math.round((Date.now() - begun) * speed) };

/** Milliseconds since 1970, as finely as this process knows them. */
const now = () => performance.timeOrigin + performance.now();

interface Row {
  /** When the row was let go, and when it was to be looked at next. */
  savedAt: number;
  dueAt: number;
  /** Spent in ports, and in waiting for the next look that the row itself wanted. Milliseconds. */
  outside: number;
  waited: number;
  looks: number;
  /** What `outside` was when the look began. */
  before: number;
}

const rows = new Map<number, Row>();
/** The row that each environment's looks are about, and how many calls of its ports are open. */
const current = new Map<string, number>();
const open = new Map<string, { calls: number; since: number }>();

function rowOf(id: number): Row {
  const known = rows.get(id);
  if (known !== undefined) return known;
  const row = { savedAt: now(), dueAt: now(), outside: 0, waited: 0, looks: 0, before: 0 };
  rows.set(id, row);
  return row;
}

function between(parts: Parts): Parts {
  const { ledger } = parts;
  return {
    ...parts,
    ledger: {
      ...ledger,
      async claim(...wanted) {
        const claim = await ledger.claim(...wanted);
        if (claim !== undefined) claimed(claim);
        return claim;
      },
      async save(held, update, keepUntil) {
        const saved = await ledger.save(held, update, keepUntil);
        const row = rowOf(held.deployment.id);
        row.savedAt = now();
        row.dueAt = row.savedAt + Math.max(0, update.nextAt - clock.now()) / speed;
        const { deployment } = update;
        const { key, environment, state, progress, evidence } = deployment;
        const told: Saved = {
          type: "saved",
          at: row.savedAt,
          key,
          environment,
          state,
          step: progress.find((one) => one.state === "running")?.step,
          done: progress.filter((one) => one.state === "done").map((one) => one.step),
          released: evidence.release !== undefined,
          podsReady:
            (evidence.rollout?.pods ?? 0) > 0 &&
            evidence.rollout?.pods === evidence.rollout?.podsReady,
          suspicion: evidence.rollout?.suspicion !== undefined || deployment.failure !== undefined,
          looks: row.looks,
          services: row.outside - row.before,
          outside: row.outside,
          waited: row.waited,
        };
        if (saved.state !== "lost") process.send?.(told);
        if (saved.state === "kept") claimed(saved.claim);
        return saved;
      },
    },
    worldOf(environment) {
      const world = parts.worldOf(environment);
      return observed(environment.name, world);
    },
  };
}

function claimed({ deployment }: Claim): void {
  const row = rowOf(deployment.id);
  row.looks += 1;
  row.before = row.outside;
  row.waited += Math.max(0, Math.min(now(), row.dueAt) - row.savedAt);
  current.set(deployment.environment, deployment.id);
}

const worlds = new WeakMap<World, World>();

function observed(environment: string, world: World): World {
  const known = worlds.get(world);
  if (known !== undefined) return known;
  const cluster = watches ? world.cluster : { ...world.cluster, watch: () => ({ stop() {} }) };
  const made: World = {
    pipelines: timed(environment, world.pipelines),
    registry: timed(environment, world.registry),
    gitops: timed(environment, world.gitops),
    cluster: timed(environment, cluster),
    health: timed(environment, world.health),
    groups: world.groups,
  };
  worlds.set(world, made);
  return made;
}

/** The same port, whose time counts as spent outside. */
function timed<Port extends object>(environment: string, port: Port): Port {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function" || name === "watch") return member;
      return (...given: readonly unknown[]) => {
        enter(environment);
        const answer: unknown = Reflect.apply(member, target, given);
        return Promise.resolve(answer).finally(() => leave(environment));
      };
    },
  });
}

function enter(environment: string): void {
  const state = open.get(environment) ?? { calls: 0, since: 0 };
  if (state.calls === 0) state.since = now();
  state.calls += 1;
  open.set(environment, state);
}

function leave(environment: string): void {
  const state = open.get(environment);
  if (state === undefined) return;
  state.calls -= 1;
  const id = current.get(environment);
  if (state.calls === 0 && id !== undefined) rowOf(id).outside += now() - state.since;
}

const sockets = new Set<Socket>();
const bytes: Record<string, { sent: number; received: number }> = {};
subscribe("net.client.socket", (message) => {
  const { socket } = message as { readonly socket: Socket };
  let port = "";
  sockets.add(socket);
  socket.once("connect", () => (port = String(socket.remotePort)));
  socket.once("close", () => {
    sockets.delete(socket);
    add(port, socket);
  });
});

function add(port: string, { bytesRead, bytesWritten }: Socket): void {
  const sum = (bytes[port] ??= { sent: 0, received: 0 });
  sum.sent += bytesWritten;
  sum.received += bytesRead;
}

function measure(): Measure {
  const { user, system } = process.cpuUsage();
  const all = structuredClone(bytes);
  for (const { remotePort, bytesRead, bytesWritten } of sockets) {
    const sum = (all[String(remotePort)] ??= { sent: 0, received: 0 });
    sum.sent += bytesWritten;
    sum.received += bytesRead;
  }
  return {
    type: "measure",
    cpu: (user + system) / 1000,
    memory: process.memoryUsage.rss(),
    bytes: all,
  };
}

const asked = z.literal("measure");
process.on("message", (message) => {
  if (asked.safeParse(message).success) process.send?.(measure());
});
process.on("disconnect", () => process.exit(0));

const settings = loadSettings(process.env);
const times = speed === 1 ? {} : { clock, idle: Math.max(20, 1000 / speed), lease: 30_000 * speed };
const omnibot = await startOmnibot(settings, createLog(settings.logLevel), between, times);
process.send?.({ type: "ready", address: omnibot.address });
process.once("SIGTERM", () => void omnibot.stop().then(() => process.exit(0)));

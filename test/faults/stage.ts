import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { startBotConnector, type BotConnector } from "../../sandbox/bot-connector/bot-connector.ts";
import { freePort } from "../../sandbox/free-port.ts";
import { alex } from "../../sandbox/people.ts";
import { startWorld, type World } from "../../sandbox/world.ts";
import { loadSettings } from "../../src/config/load-settings.ts";
import { createLog } from "../../src/log.ts";
import { startOmnibot, type Omnibot } from "../../src/omnibot.ts";
import { JumpingClock } from "./jumping-clock.ts";
import { nothingYet, observed, type Observations } from "./observed.ts";

/** How omnibot is started for a story. */
export interface Setup {
  /** How Flux is told. */
  readonly poke: "annotation" | "receiver";
  /** A PostgreSQL instead of SQLite. */
  readonly postgres?: string;
  /** How long one request may take, in milliseconds; longer where nothing hangs, so that a busy machine makes no trouble. */
  readonly patience?: number;
  /** The folder of the ledger, instead of the world's own. */
  readonly data?: string;
}

/** One world, one channel, and omnibot in this very process: stories are played here one after the other. */
export interface Stage {
  readonly world: World;
  readonly teams: BotConnector;
  readonly clock: JumpingClock;
  /** Of the story that is played now. */
  readonly seen: Observations;
  /** The file of the ledger. */
  readonly ledger: string;
  /** Everything that happened to branches of omnibot's since the story began. */
  readonly pushes: { readonly branch: string; readonly kind: "made" | "moved" | "gone" }[];
  /** Begins a story: nothing seen yet, nothing goes wrong, the world's own time. */
  begin(setup: Setup): Promise<void>;
  /** Takes back what goes wrong. */
  calm(): Promise<void>;
  /** Ends omnibot as an upgrade does, and starts it again. */
  restart(): Promise<void>;
  /** The end of omnibot's log. */
  log(): string;
  close(): Promise<void>;
}

/** The time-outs of the clients, shortened: where something hangs, and where nothing does. Milliseconds. */
export const patience = { hanging: 2000, usual: 10_000 };
const speed = 100;

export async function startStage(): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "omnibot-faults-"));
  const world = await startWorld({ folder: join(folder, "world"), speed, helmPatience: 12 });
  const port = await freePort();
  const teams = await startBotConnector({ botUrl: `http://127.0.0.1:${port}/api/messages` });
  // Some clients read these by themselves.
  Object.assign(process.env, world.environment);
  const ledger = join(world.environment["OMNIBOT_DATA"] ?? "", "omnibot.sqlite");
  const clock = new JumpingClock();
  const lines: string[] = [];
  const log = createLog("info", {
    write: (line) => {
      lines.push(line);
      if (lines.length > 400) lines.splice(0, 200);
    },
  });
  const pushes: Stage["pushes"][number][] = [];
  world.github.onPush(({ branch, before, after }) => {
    if (!branch.startsWith("omnibot/")) return;
    const kind = before === undefined ? "made" : after === undefined ? "gone" : "moved";
    pushes.push({ branch, kind });
  });
  let seen = nothingYet();
  let setup: Setup = { poke: "annotation" };
  let omnibot: Omnibot | undefined;

  async function start(): Promise<void> {
    configure(world, setup);
    const { postgres, data, patience: wanted = patience.usual } = setup;
    const settings = loadSettings({
      ...world.environment,
      PORT: String(port),
      FLUX_RECEIVER_TOKEN: "sandbox-receiver-token",
      ...(postgres === undefined ? {} : { DATABASE_URL: postgres }),
      ...(data === undefined ? {} : { OMNIBOT_DATA: data }),
    });
    omnibot = await startOmnibot(settings, log, (parts) => observed(parts, clock, () => seen), {
      clock,
      patience: wanted,
      idle: 30,
    });
  }

  async function stop(): Promise<void> {
    await omnibot?.stop();
    omnibot = undefined;
  }

  async function calm(): Promise<void> {
    for (const { standIn } of [world.azureDevOps, world.registry, world.kubernetes, world.app])
      standIn.faults.length = 0;
    world.github.faults.length = 0;
    world.flux.receiver.faults.length = 0;
    teams.faults.length = 0;
    const { outage } = seen;
    seen.outage = undefined;
    if (outage?.isShut === true && outage.times > 0) await outage.of.open();
  }

  return {
    world,
    teams,
    clock,
    get seen() {
      return seen;
    },
    calm,
    ledger,
    pushes,
    async begin(wanted) {
      await calm();
      pushes.length = 0;
      lines.length = 0;
      world.choose("success");
      // Clients learn routes and tokens once: each story begins with clients that know nothing, and with an empty ledger.
      await stop();
      for (const rest of ["", "-wal", "-shm", ".lock"]) rmSync(`${ledger}${rest}`, { force: true });
      // Something to ship, also after a story that shipped everything.
      world.azureDevOps.pushCommit({ message: "Draw the map faster", author: alex.name });
      seen = nothingYet();
      clock.reset();
      setup = wanted;
      await start();
    },
    async restart() {
      await stop();
      await start();
    },
    log: () => lines.slice(-25).join(""),
    async close() {
      await stop();
      await teams.close();
      await world.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configure(world: World, { poke }: Setup): void {
  const file = world.environment["OMNIBOT_CONFIG"] ?? "";
  const section = z.record(z.string(), z.unknown());
  const config = z
    .looseObject({ environments: z.object({ production: section }) })
    .parse(parse(readFileSync(file, "utf8")));
  const { production } = config.environments;
  production["flux"] = {
    ...section.parse(production["flux"]),
    poke: poke === "annotation" ? poke : { receiver: world.flux.receiverUrl },
  };
  writeFileSync(file, stringify(config));
}

/** Waits until something is true; false when it is not in so many milliseconds. */
export async function becomes(isTrue: () => boolean, within: number): Promise<boolean> {
  for (const end = Date.now() + within; !isTrue(); await delay(15))
    if (Date.now() > end) return false;
  return true;
}

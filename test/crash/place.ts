import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { parseDocument } from "yaml";
import { startBotConnector, type BotConnector } from "../../sandbox/bot-connector/bot-connector.ts";
import { freePort } from "../../sandbox/free-port.ts";
import { startWorld, type World } from "../../sandbox/world.ts";
import { git, releaseFile } from "../acceptance/git.ts";
import { startKeeper, type Keeper } from "./keeper.ts";
import { readLedger, type Doubt, type Store, type Witness } from "./witness.ts";

/** A world with omnibot in it, in which one story after the other is told. */
export interface Place {
  readonly name: string;
  readonly store: Store;
  readonly world: World;
  readonly teams: BotConnector;
  readonly keeper: Keeper;
  readonly witness: Witness;
  /** Posts that a kill has left in doubt, or that were in doubt when something stood still. */
  readonly doubts: Doubt[];
  /** Points passed while the keeper traces. */
  readonly passed: string[];
  /** All that a port can be asked. */
  readonly calls: Set<string>;
  close(): Promise<void>;
}

/** How long the first start may take, in milliseconds: nothing is compiled, and the machine may be busy. */
const startTime = 120_000;

/** Durations of the stand-ins are divided by this. */
export const speed = 40;

export async function openPlace(
  name: string,
  store: Store,
  root: string,
  environment: Readonly<Record<string, string>>,
): Promise<Place> {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  const world = await inTurn(() =>
    startWorld({ folder: join(folder, "world"), speed, helmPatience: 12 }),
  );
  watchOften(world.environment["OMNIBOT_CONFIG"] ?? "");
  const ledger = await newLedger(store, world.environment["OMNIBOT_DATA"] ?? "", name);
  const port = await freePort();
  const teams = await startBotConnector({ botUrl: `http://127.0.0.1:${port}/api/messages` });
  const witness = readLedger(ledger.location);
  const log = join(folder, "omnibot.log");
  const doubts: Doubt[] = [];
  const passed: string[] = [];
  const calls = new Set<string>();
  const keeper = startKeeper({
    environment: {
      ...world.environment,
      ...ledger.environment,
      PORT: String(port),
      ...environment,
    },
    log,
    passed: (point) => void passed.push(point),
    calls: (told) => told.forEach((call) => calls.add(call)),
    // SQLite is for one process alone.
    helps: store === "postgres",
    struck: async () => void doubts.push(...(await witness.doubts())),
  });
  for (const end = Date.now() + startTime; !keeper.isUp(); await delay(50)) {
    if (Date.now() < end && keeper.ends.length === 0) continue;
    await keeper.stop();
    throw new Error(`omnibot does not start; see ${log}`);
  }
  return {
    name,
    store,
    world,
    teams,
    keeper,
    witness,
    doubts,
    passed,
    calls,
    async close() {
      await keeper.stop();
      await witness.close();
      await teams.close();
      await world.close();
      await ledger.remove();
    },
  };
}

/** A change past omnibot is to be noticed while its story is told. */
function watchOften(file: string): void {
  const config = parseDocument(readFileSync(file, "utf8"));
  config.setIn(["environments", "production", "gitops", "poll"], "1s");
  writeFileSync(file, config.toString());
}

let turn: Promise<unknown> = Promise.resolve();

/** Worlds that start in one process hold each other up: one after the other is not slower, and the first is there soon. */
function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  const mine = turn.then(work);
  turn = mine.catch(() => {});
  return mine;
}

/** What Git wants now. */
export function wantedTag(world: World): string {
  return /tag: (\S+)/.exec(git(world, "show", `main:${releaseFile}`))?.[1] ?? "";
}

export interface NewLedger {
  readonly location: { readonly file: string } | { readonly url: string };
  readonly environment: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

/** Makes room for a ledger: a folder, or a database on the server of `node test/with-postgres.ts`. */
export async function newLedger(store: Store, folder: string, name: string): Promise<NewLedger> {
  if (store === "sqlite") {
    return {
      location: { file: join(folder, "omnibot.sqlite") },
      environment: { OMNIBOT_DATA: folder },
      remove: () => Promise.resolve(),
    };
  }
  const database = `crash_${process.pid}_${name.replaceAll(/\W/g, "_")}`;
  await tellServer(`create database ${database}`);
  const url = new URL(`/${database}`, server()).href;
  return {
    location: { url },
    environment: { DATABASE_URL: url },
    remove: () => tellServer(`drop database ${database} with (force)`),
  };
}

export function server(): string {
  const url = process.env["OMNIBOT_TEST_POSTGRES"];
  if (url === undefined)
    throw new Error("PostgreSQL is needed: node test/with-postgres.ts npm run test:crash");
  return url;
}

async function tellServer(statement: string): Promise<void> {
  const client = new Client({ connectionString: server() });
  await client.connect();
  await client.query(statement);
  await client.end();
}

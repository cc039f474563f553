import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import SQLite from "better-sqlite3";
import { z } from "zod";
import { startBotConnector, type BotConnector } from "../../sandbox/bot-connector/bot-connector.ts";
import { neverOutlive } from "../../sandbox/child.ts";
import { bot, team, tenantId } from "../../sandbox/people.ts";
import { startWorld, type World } from "../../sandbox/world.ts";
import { createKey, startKeyServer, type Key, type KeyServer } from "./key-server.ts";

export const teamsHost = "https://smba.trafficmanager.net";
export const serviceUrl = `${teamsHost}/emea/`;

const started = z.object({ address: z.url() });
const held = z.object({ heap: z.number(), rss: z.number() });
const count = z.object({ n: z.number() });

export interface Keys {
  /** The Bot Connector's own, good for Teams. */
  readonly own: Key;
  /** The Bot Connector's, for other channels than Teams. */
  readonly webChat: Key;
  /** The Bot Connector's, without any channel. */
  readonly bare: Key;
  /** Somebody else's, published nowhere. */
  readonly foreign: Key;
}

/** What the world shows of what was done: nothing of it may change by a forgery. */
export interface Effects {
  readonly decisions: number;
  readonly deployments: number;
  readonly runs: number;
  readonly pulls: number;
}

/** omnibot with a registered bot, the Bot Connector's keys, and everything that it talks to. */
export interface Place {
  readonly url: string;
  readonly world: World;
  readonly teams: BotConnector;
  readonly keys: Keys;
  readonly keyServer: KeyServer;
  effects(): Effects;
  /** How often omnibot spoke to Teams, about whatever. */
  spoken(): number;
  log(): string;
  /** What its process holds after a collection, in bytes. */
  held(): Promise<z.infer<typeof held>>;
  close(): Promise<void>;
}

export async function startPlace(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), "omnibot-forgeries-"));
  const world = await startWorld({ folder: join(folder, "world"), speed: 25 });
  const keys: Keys = {
    own: createKey("own", ["msteams", "webchat"]),
    webChat: createKey("web-chat", ["webchat", "directline"]),
    bare: createKey("bare"),
    foreign: createKey("foreign", ["msteams"]),
  };
  const keyServer = await startKeyServer(keys.own, keys.webChat, keys.bare);
  let url = "";
  const teams = await startBotConnector({ botUrl: () => url });
  listTeam(world);

  const logFile = join(folder, "omnibot.log");
  const output = openSync(logFile, "a");
  const child = fork("test/forgeries/omnibot.ts", {
    execArgv: ["--no-warnings"],
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: process.env["HOME"] ?? "",
      ...world.environment,
      OMNIBOT_SANDBOX: "",
      HOST: "127.0.0.1",
      PORT: "0",
      LOG_LEVEL: "debug",
      MICROSOFT_APP_ID: bot.appId,
      MICROSOFT_APP_TENANT_ID: tenantId,
      MICROSOFT_APP_TYPE: "UserAssignedMSI",
      FORGERIES_TEAMS: teams.url,
      FORGERIES_KEYS: keyServer.metadata,
    },
    stdio: ["ignore", output, output, "ipc"],
  });
  closeSync(output);
  neverOutlive(child);
  const log = () => readFileSync(logFile, "utf8");
  const said = await answerOf(child).catch((error: unknown) => {
    throw new Error(`omnibot did not start: ${log()}`, { cause: error });
  });
  url = `${started.parse(said).address}/api/messages`;
  const ledger = new SQLite(join(world.environment["OMNIBOT_DATA"] ?? "", "omnibot.sqlite"), {
    readonly: true,
    timeout: 5000,
  });
  const countOf = (query: string) => count.parse(ledger.prepare(query).get()).n;

  return {
    url,
    world,
    teams,
    keys,
    keyServer,
    effects: () => ({
      decisions: countOf(
        "select count(*) n from audit where action not like 'refused:%' and actor_id <> 'omnibot'",
      ),
      deployments: countOf("select count(*) n from deployment"),
      runs: world.azureDevOps.runs.length,
      pulls: world.github.standIn.journal.filter(
        ({ method, path }) => method === "POST" && path.endsWith("/pulls"),
      ).length,
    }),
    spoken: () => teams.journal.length,
    log,
    async held() {
      const answer = answerOf(child);
      child.send("held");
      return held.parse(await answer);
    },
    async close() {
      ledger.close();
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 15_000);
      await ended;
      clearTimeout(late);
      await teams.close();
      await keyServer.close();
      await world.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** omnibot is for this team alone. */
function listTeam(world: World): void {
  const file = world.environment["OMNIBOT_CONFIG"] ?? "";
  const config = z
    .looseObject({ teams: z.record(z.string(), z.unknown()) })
    .parse(parse(readFileSync(file, "utf8")));
  config.teams["teams"] = [team.id];
  writeFileSync(file, stringify(config));
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const ending = new AbortController();
  const signal = AbortSignal.any([AbortSignal.timeout(60_000), ending.signal]);
  const gone = once(child, "exit", { signal }).then(() => {
    throw new Error("it has ended");
  });
  try {
    const [answer]: unknown[] = await Promise.race([once(child, "message", { signal }), gone]);
    return answer;
  } finally {
    gone.catch(() => {});
    ending.abort();
  }
}

import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { stringify } from "yaml";
import { alex, bot, channel, people, team, tenantId, type SandboxPerson } from "./people.ts";

export interface PlaygroundOptions {
  /** Its own folder: it writes its records there. */
  readonly folder: string;
  /** Where omnibot takes its messages. */
  readonly botUrl: string;
  readonly port: number;
}

export interface Playground {
  readonly url: string;
  stop(): Promise<void>;
}

const startTime = 60_000;

/**
 * Starts Microsoft's Agents Playground, a Teams client for the browser. It listens on all interfaces and has no option to
 * change that (0.2.28): whoever starts it should say so.
 */
export async function startPlayground({
  folder,
  botUrl,
  port,
}: PlaygroundOptions): Promise<Playground> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, ".m365agentsplayground.yml"), stringify(configuration()));
  const cli = createRequire(import.meta.url).resolve("@microsoft/m365agentsplayground/cli.js");
  const output = createWriteStream(join(folder, "playground.log"));
  const args = ["start", "-e", botUrl, "-c", "msteams", "-p", String(port), "--disable-telemetry"];
  const child = spawn(process.execPath, ["--no-warnings", cli, ...args], {
    cwd: folder,
    // By itself it opens a browser, and ends where there is none.
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: process.env["HOME"] ?? "",
      TEAMSAPPTESTER_BROWSER: "none",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.pipe(output, { end: false });
  child.stderr.pipe(output, { end: false });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const url = `http://localhost:${port}`;

  for (const end = Date.now() + startTime; ; await delay(100)) {
    if (child.exitCode !== null) throw new Error(`the Playground ended; see ${folder}/devTools`);
    const answer = await fetch(`${url}/_debug/ping`, { signal: AbortSignal.timeout(2000) }).catch(
      () => undefined,
    );
    if (answer?.ok === true) break;
    if (Date.now() > end) {
      child.kill("SIGKILL");
      throw new Error(`the Playground was not ready in ${startTime / 1000} seconds; see ${folder}`);
    }
  }
  return {
    url,
    async stop() {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(late);
      output.end();
    },
  };
}

/** One team with the channel "Deployments"; exactly five users besides the one at the keyboard are asked for. */
function configuration(): object {
  const others = people.filter((one) => one !== alex);
  const guest: SandboxPerson = {
    ...alex,
    key: "patti",
    id: "29:1pFeNx5qRtW",
    name: "Patti Fernandez",
    givenName: "Patti",
    surname: "Fernandez",
    email: "patti.fernandez@omnispatial.example",
    aadObjectId: "9a770c4e-52b1-4f6d-8c3e-7d1f5b2a9e06",
  };
  return {
    version: "0.1.1",
    tenantId,
    bot: { id: bot.id, name: bot.name },
    currentUser: user(alex),
    users: [...others, guest].map(user),
    personalChat: { id: "a:personal-chat" },
    groupChat: { id: "19:operations@thread.v2", name: "Operations" },
    team: { ...team, channels: [channel] },
  };
}

function user(person: SandboxPerson): object {
  const { id, name, email, aadObjectId, givenName, surname } = person;
  return { id, name, userPrincipleName: email, aadObjectId, givenName, surname, email };
}

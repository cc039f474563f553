import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import { stringify } from "yaml";
import { startChild } from "./child.ts";
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

/**
 * Starts Microsoft's Agents Playground, a Teams client for the browser. It listens on all interfaces and has no option to
 * change that (0.2.28): whoever starts it should say so.
 */
export async function startPlayground({
  folder,
  botUrl,
  port,
}: PlaygroundOptions): Promise<Playground> {
  await needFree(port);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, ".m365agentsplayground.yml"), stringify(configuration()));
  const cli = createRequire(import.meta.url).resolve("@microsoft/m365agentsplayground/cli.js");
  const url = `http://localhost:${port}`;
  const child = await startChild({
    name: "the Playground",
    args: [cli, "start", "-e", botUrl, "-c", "msteams", "-p", String(port), "--disable-telemetry"],
    folder,
    // By itself it opens a browser, and ends where there is none.
    environment: { TEAMSAPPTESTER_BROWSER: "none" },
    log: join(folder, "playground.log"),
    readyUrl: `${url}/_debug/ping`,
  });
  return { url, stop: () => child.stop(5000) };
}

/** A Playground that is there already would answer in the place of the new one. */
async function needFree(port: number): Promise<void> {
  const server = createServer();
  server.listen(port);
  try {
    await once(server, "listening");
  } catch (error) {
    throw new Error(`port ${port} is in use; choose another with --port`, { cause: error });
  }
  server.close();
  await once(server, "close");
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

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startBot, type BotProcess } from "../../sandbox/bot-process.ts";
import { cardActions } from "../../sandbox/card-text.ts";
import { freePort } from "../../sandbox/free-port.ts";
import { megan, type SandboxPerson } from "../../sandbox/people.ts";
import { startPlayground, type Playground as Server } from "../../sandbox/playground.ts";
import {
  connectPlayground,
  type PlaygroundClient,
  type PlaygroundPost,
} from "../../sandbox/playground-client.ts";
import { startWorld, type World } from "../../sandbox/world.ts";
import { openPlayground, type Playground } from "./page.ts";

/** Alex Wilber at the keyboard of Microsoft's own client; the second person clicks through its routes. */
describe("in the Playground", () => {
  const folder = mkdtempSync(join(tmpdir(), "omnibot-browser-"));
  let world: World;
  let port: number;
  let bot: BotProcess;
  let server: Server;
  let others: PlaygroundClient;
  let alex: Playground;

  beforeAll(async () => {
    world = await startWorld({ folder: join(folder, "world"), speed: 8 });
    port = await freePort();
    bot = await launchBot();
    server = await startPlayground({
      folder: join(folder, "playground"),
      botUrl: bot.url,
      port: await freePort(),
    });
    others = await connectPlayground(server.url);
    alex = await openPlayground(server.url);
  }, 120_000);

  afterAll(async () => {
    await alex?.close();
    others?.close();
    await server?.stop();
    await bot?.stop();
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  function launchBot(): Promise<BotProcess> {
    return startBot({ port, environment: world.environment, log: join(folder, "omnibot.log") });
  }

  async function approve(person: SandboxPerson): Promise<void> {
    expect(await others.click(person, await question(), "approve")).toBe("");
  }

  /** The card that waits for an approval, as soon as there is one. */
  async function question(): Promise<PlaygroundPost> {
    for (const end = Date.now() + 15_000; Date.now() < end; await delay(50)) {
      const card = others.posts.findLast((post) =>
        cardActions(post.card).some((action) => action.verb === "approve"),
      );
      if (card !== undefined) return card;
    }
    throw new Error("nothing waits for an approval");
  }

  test("somebody asks, may not approve it, a second person does, and it goes live", async () => {
    await alex.post("deploy production");
    await alex.read("Deploy to production?");
    await alex.read("Would ship");
    await alex.click("Approve");
    await alex.read("You asked for this deployment yourself; somebody else has to approve it.");
    await alex.picture("request");
    await approve(megan);
    await alex.read("Deploying production-40672");
    await alex.read("applied");
    await alex.picture("progress");
    await alex.read("production-40672 is live", 60);
    await alex.read("web answers well");
    await alex.picture("live");
  }, 120_000);

  test("a word that omnibot does not know is answered with the nearest one", async () => {
    await alex.post("depoly production");
    await alex.read("is not a command that omnibot knows; nothing was done. Did you mean");
  }, 60_000);

  test("a crash of the application is told with its own words, and a rollback brings the old build back", async () => {
    world.choose("crash-loop");
    await alex.post("deploy production");
    await alex.read("Deploy to production?");
    await alex.read("Would ship");
    await approve(megan);
    await alex.read(/production-\d+ is not live/, 60);
    await alex.read("TILE_CACHE_URL is not set");
    await alex.picture("failed");

    world.choose("success");
    await alex.post("rollback 40672");
    await alex.read("Roll back production to 40672?");
    await alex.read("Would be live");
    await approve(megan);
    await alex.read("Rolling production back to 40672");
    await bot.kill();
    bot = await launchBot();
    await alex.read("production-40672 is live again", 90);
  }, 240_000);

  test("status says how everything stands", async () => {
    await alex.post("status");
    await alex.read("production is well");
    await alex.picture("status");
  }, 60_000);
});

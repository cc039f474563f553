import { mkdtempSync, readFileSync, rmSync } from "node:fs";
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
  const log = join(folder, "omnibot.log");
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
    alex = await openPlayground(server.url, () => readFileSync(log, "utf8").slice(-2000));
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
    return startBot({ port, environment: world.environment, log });
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

  test("omnibot introduces itself with two examples where it was added", async () => {
    await alex.read("omnibot is here");
    await alex.read("@omnibot deploy production");
    await alex.read("@omnibot status production");
  }, 60_000);

  test("a greeting gets the help, and what omnibot does not know gets the nearest that it does", async () => {
    await alex.post("hi");
    await alex.read("What you can ask");
    await alex.read("deploy production");
    await alex.post("depoly production");
    await alex.read("is not a command that omnibot knows; nothing was done. Did you mean");
    await alex.post("deploy prod");
    await alex.read("There is no environment “prod”. Known: production.");
    await alex.post("deploy production 4067x");
    await alex.read("is not the number of a build. Write digits only");
  }, 60_000);

  test("what would ship is told before anybody asks for it", async () => {
    await alex.post("diff");
    await alex.read("3 commits since production-40655:");
    await alex.post("history");
    await alex.read("Nothing was deployed here yet.");
  }, 60_000);

  test("a lock says until when and why, and at the status; unlock names whose it was", async () => {
    await alex.post("lock I look at the tiles for 2h");
    await alex.read(/production is locked, until .*: I look at the tiles\./);
    await alex.post("status");
    await alex.read("production is well, and locked");
    await alex.read(/production is locked by Alex Wilber.*: I look at the tiles\./);
    await alex.picture("locked");
    await alex.reply("unlock");
    await alex.read("production is open again. The lock of Alex Wilber is released");
  }, 60_000);

  test("whoever rejects has to say why, and the card says who and why, without buttons", async () => {
    await alex.post("deploy production");
    await alex.read("Would ship");
    await alex.click("Reject");
    await alex.click("Reject");
    await alex.read("A word to Alex Wilber, please");
    await alex.fill("Why?", "The migration is not ready");
    const reason = "The migration is not ready";
    expect(await others.click(megan, await question(), "reject", { reason })).toBe("");
    await alex.read("Deploy to production: rejected");
    await alex.read("Megan Bowen rejected it");
    await alex.read(reason);
    expect(await alex.buttons()).toEqual([]);
  }, 60_000);

  test("somebody asks, may not approve it, a second person does, and it goes live", async () => {
    await alex.post("deploy production");
    await alex.read("Deploy to production?");
    await alex.read("Would ship");
    await alex.read("Printed maps have no scale bar");
    await alex.click("Approve");
    await alex.read("You asked for this deployment yourself; somebody else has to approve it.");
    await alex.picture("request");
    await approve(megan);
    await alex.read("Deploying production-40672");
    expect(await alex.buttons()).not.toContain("Approve");
    await alex.read("applied");
    await alex.picture("progress");
    await alex.read("production-40672 is live", 60);
    await alex.read("web answers well");
    await alex.picture("live");
    await alex.click("Evidence");
    await alex.read("Kubernetes, the pods themselves");
  }, 120_000);

  test("a crash of the application is told with its own words, and its button brings the old build back", async () => {
    world.choose("crash-loop");
    await alex.post("deploy production");
    await alex.read("Would ship");
    await approve(megan);
    await alex.read(/production-\d+ is not live/, 60);
    await alex.read("TILE_CACHE_URL is not set");
    await alex.picture("failed");

    world.choose("success");
    await alex.click("Roll back to 40672");
    await alex.read("Roll back production to 40672?");
    await alex.read("Takes back");
    await approve(megan);
    await alex.read("Rolling production back to 40672");
    await bot.kill();
    bot = await launchBot();
    await alex.read("production-40672 is live again", 90);

    await alex.post("deploy production");
    await alex.read(/production is held by rollback #\d+/);
    await alex.reply("unlock");
    await alex.read(/production is open again\. The hold of rollback #\d+ is released/);
  }, 240_000);

  test("an image that never came is told, and retry goes on once it is there", async () => {
    world.choose("image-missing");
    await alex.post("deploy production");
    await alex.read("Would ship");
    await approve(megan);
    await alex.read("The image is not in the registry.", 60);
    const run = world.azureDevOps.runs.at(-1);
    if (run === undefined) throw new Error("nothing was built");
    const tag = `production-${run.id}`;
    world.registry.push("omnispatial/web", tag, { scenario: "success", commit: run.commit });
    world.choose("success");
    await alex.reply("retry");
    await alex.read(`${tag} is live`, 60);
  }, 180_000);

  test("a build to go back to is chosen by its button, and canceled before anybody approved", async () => {
    await alex.post("rollback");
    await alex.read("Which build shall production go back to?");
    await alex.click("Go back");
    await alex.read(/Roll back production to \d+\?/);
    await alex.read("Alex Wilber chose");
    await alex.reply("cancel");
    await alex.read(/Roll back production to \d+: canceled/);
  }, 60_000);

  test("a blocked build is refused with who blocked it and why", async () => {
    await alex.post("block 40655 the map is wrong");
    await alex.read("Build 40655 is blocked by Alex Wilber");
    await alex.reply("rollback 40655");
    await alex.read(/Build 40655 is blocked by Alex Wilber, .* ago: the map is wrong/);
    await alex.reply("unblock 40655");
    await alex.read("Build 40655 may be deployed again.");
  }, 60_000);

  test("status and history say how everything stands and stood", async () => {
    await alex.post("status");
    await alex.read("production is well");
    await alex.picture("status");
    await alex.post("history");
    await alex.read("production-40672, rolled back to");
    await alex.read(/was canceled/);
    await alex.post("status #3");
    await alex.read(/^#3 /);
  }, 60_000);
});

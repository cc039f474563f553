/** `npm run demo`: the whole main job in the sandbox without a browser, and a check of what came of it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBot } from "./bot-process.ts";
import { cardActions, cardText } from "./card-text.ts";
import { freePort } from "./free-port.ts";
import { alex, diego, megan, type SandboxPerson } from "./people.ts";
import { startPlayground } from "./playground.ts";
import {
  connectPlayground,
  type PlaygroundClient,
  type PlaygroundPost,
} from "./playground-client.ts";
import { imageRepository, startWorld, type World } from "./world.ts";

const speed = 6;
const file = "clusters/operations/production/helm-release.yaml";
/** The longest that one deployment may take, in milliseconds. */
const patience = 60_000;

const folder = mkdtempSync(join(tmpdir(), "omnibot-demo-"));
if (await play()) rmSync(folder, { recursive: true, force: true });
else {
  process.exitCode = 1;
  say(`omnibot's log, and everything else, is kept in ${folder}`);
}

async function play(): Promise<boolean> {
  say("Starting the sandbox ...\n");
  const world = await startWorld({ folder: join(folder, "world"), speed });
  const bot = await startBot({
    port: await freePort(),
    environment: world.environment,
    log: join(folder, "omnibot.log"),
  });
  world.hooks.to(new URL(bot.url).origin);
  const playground = await startPlayground({
    folder: join(folder, "playground"),
    botUrl: bot.url,
    port: await freePort(),
  });
  const client = await connectPlayground(playground.url);
  const storyteller = tell(client);
  const checks: Check[] = [];
  try {
    await deploy(client, "deploy production", "production-40672 is live", checks);
    await prove(world, "production-40672", checks);
    await deploy(client, "rollback 40655", "production-40655 is live again", checks);
    await prove(world, "production-40655", checks);
    await status(client, checks);
  } catch (error) {
    checks.push({ what: error instanceof Error ? error.message : String(error), ok: false });
  }
  storyteller.stop();
  client.close();
  await playground.stop();
  await bot.stop();
  await world.close();
  return summary(checks);
}

interface Check {
  readonly what: string;
  readonly ok: boolean;
}

/** Asks, is refused as the requester and as a bystander, is approved by a second person, and waits for the end. */
async function deploy(
  client: PlaygroundClient,
  words: string,
  title: string,
  checks: Check[],
): Promise<void> {
  const thread = await write(client, alex, words);
  const card = await until(
    client,
    thread,
    (post) => hasButton(post, "approve"),
    `a question after "${words}"`,
  );
  for (const person of [alex, diego]) {
    const refusal = await click(client, person, card);
    checks.push({ what: `${words}: ${person.name} may not approve`, ok: refusal !== "" });
  }
  const accepted = await click(client, megan, card);
  checks.push({ what: `${words}: Megan Bowen may`, ok: accepted === "" });
  const ended = await until(
    client,
    thread,
    (post) => / is (not )?live/.test(titleOf(post)),
    `the end of "${words}"`,
  );
  checks.push({
    what: `${words}: the thread says "${titleOf(ended)}"`,
    ok: titleOf(ended) === title,
  });
}

async function status(client: PlaygroundClient, checks: Check[]): Promise<void> {
  const thread = await write(client, alex, "status");
  const card = await until(
    client,
    thread,
    (post) => post.card !== undefined,
    "an answer to status",
  );
  checks.push({
    what: "status names production-40655",
    ok: cardText(card.card).includes("production-40655"),
  });
}

/** What Git, the cluster, the registry and the application themselves say. */
async function prove(world: World, tag: string, checks: Check[]): Promise<void> {
  const git = (...args: string[]) =>
    execFileSync("git", ["--git-dir", world.github.gitDir, ...args], {
      encoding: "utf8",
      timeout: 10_000,
    });
  const numstat = git("show", "--first-parent", "--numstat", "--format=", "main").trim();
  checks.push({ what: `Git: one line of ${file} changed`, ok: numstat === `1\t1\t${file}` });
  checks.push({ what: `Git: main wants ${tag}`, ok: git("show", `main:${file}`).includes(tag) });
  const message = git("show", "--no-patch", "--format=%B", "main");
  const trailers = ["Requested-by: Alex Wilber", "Approved-by: Megan Bowen"];
  checks.push({
    what: "Git: the commit names who asked and who approved",
    ok: trailers.every((one) => message.includes(one)),
  });

  const digest = world.registry.describe(imageRepository, tag)?.digest ?? "nothing";
  const pods = world.kubernetes.store.list("pods", "omnispatial");
  const running = pods
    .flatMap((pod) => pod.status.containerStatuses ?? [])
    .map((one) => one.imageID);
  const all = running.length === 3 && running.every((id) => id.endsWith(digest));
  checks.push({
    what: `Cluster: ${running.length} pods run ${digest.slice(0, 19)}… of the registry`,
    ok: all,
  });

  const health = await fetch(`${world.app.url}/healthz`, { signal: AbortSignal.timeout(5000) });
  checks.push({
    what: `Application: /healthz answers as ${tag}`,
    ok: (await health.text()).includes(tag),
  });
}

async function write(
  client: PlaygroundClient,
  person: SandboxPerson,
  words: string,
): Promise<string> {
  say(`${person.name}\n    @omnibot ${words}\n`);
  return client.say(person, words);
}

async function click(
  client: PlaygroundClient,
  person: SandboxPerson,
  card: PlaygroundPost,
): Promise<string> {
  const answer = await client.click(person, card, "approve");
  say(
    `${person.name} clicks Approve${answer === "" ? "" : `, and reads, alone:\n    ${answer}`}\n`,
  );
  return answer;
}

/** Prints every post and edit of the bot as it comes. */
function tell(client: PlaygroundClient): { stop(): void } {
  let talking = true;
  client.onChange((post) => {
    if (!talking) return;
    const words =
      post.card === undefined ? post.text.replaceAll(/<\/?at>|\*\*/g, "") : cardText(post.card);
    say(`omnibot\n${words.replaceAll(/^/gm, "    ")}\n`);
  });
  return {
    stop() {
      talking = false;
    },
  };
}

async function until(
  client: PlaygroundClient,
  thread: string,
  wanted: (post: PlaygroundPost) => boolean,
  what: string,
): Promise<PlaygroundPost> {
  const find = () => client.posts.find((post) => post.conversation === thread && wanted(post));
  const found = find();
  if (found !== undefined) return found;
  return new Promise((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error(`${what} did not come in ${patience / 1000} seconds`)),
      patience,
    );
    client.onChange(() => {
      const post = find();
      if (post === undefined) return;
      clearTimeout(late);
      resolve(post);
    });
  });
}

function hasButton(post: PlaygroundPost, verb: string): boolean {
  return cardActions(post.card).some((action) => action.verb === verb);
}

function titleOf(post: PlaygroundPost): string {
  return cardText(post.card).split("  ")[0]?.split("\n")[0] ?? "";
}

function summary(checks: readonly Check[]): boolean {
  say("What was checked");
  for (const { what, ok } of checks) say(`  ${ok ? "ok  " : "FAIL"}  ${what}`);
  const failed = checks.filter((check) => !check.ok).length;
  say(`\n${checks.length - failed} of ${checks.length} hold.`);
  return failed === 0;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { writeMessage } from "../../sandbox/bot-connector/activity.ts";
import { deliver } from "../../sandbox/bot-connector/to-bot.ts";
import { startBot } from "../../sandbox/bot-process.ts";
import { startChild } from "../../sandbox/child.ts";
import { freePort } from "../../sandbox/free-port.ts";
import { alex } from "../../sandbox/people.ts";
import { startChannels, type Channels } from "../channels.ts";
import { configureAlone } from "../configuration.ts";
import type { Part, Run } from "../part.ts";
import { spread } from "../statistics.ts";

interface Bot {
  readonly name: string;
  readonly url: string;
  /** What is written to it, in which thread: the channel, or a new one of the deployment's own. */
  next(): { readonly text: string; readonly channel: string };
}

/** From the arrival of a message to the first call to the connector, in milliseconds. */
export const firstAnswer: Part = {
  name: "first-answer",
  title: "from a message to the first call to Teams, beside a bare echo bot",
  async measure(run) {
    const plan = run.short ? shortPlan : fullPlan;
    const found = new Map<string, number[]>();
    const stage = await setUp(run, plan);
    const { echo, help, deploy, channels } = stage;
    try {
      await ask(echo, channels, plan.warm, 10);
      // Every channel is known by then, as it is in life.
      await ask(help, channels, stage.places, 10);
      // What a deployment begins goes on after its first card, and would be in the way of the others.
      for (const pair of [
        [echo, help],
        [echo, deploy],
      ]) {
        for (let round = 0; round < plan.rounds; round += 1) {
          for (const { atOnce, each } of plan.sizes) {
            // Whoever comes first may find the machine in another mood: they take turns.
            for (const bot of round % 2 === 0 ? pair : pair.toReversed()) {
              const key = `${bot.name} ${atOnce}`;
              const times = await ask(bot, channels, each, atOnce);
              found.set(key, [...(found.get(key) ?? []), ...times]);
            }
          }
        }
      }
      return told(
        found,
        plan.sizes.map(({ atOnce }) => atOnce),
      );
    } finally {
      await stage.close();
    }
  },
};

interface Plan {
  readonly rounds: number;
  /** Messages before anything is measured. */
  readonly warm: number;
  readonly sizes: readonly { readonly atOnce: number; readonly each: number }[];
}

const fullPlan: Plan = {
  rounds: 6,
  warm: 100,
  sizes: [
    { atOnce: 1, each: 40 },
    { atOnce: 50, each: 100 },
  ],
};
const shortPlan: Plan = {
  rounds: 1,
  warm: 10,
  sizes: [
    { atOnce: 1, each: 5 },
    { atOnce: 50, each: 50 },
  ],
};

function told(found: ReadonlyMap<string, readonly number[]>, sizes: readonly number[]) {
  const of = (name: string, atOnce: number) => spread(found.get(`${name} ${atOnce}`) ?? []);
  const names = ["echo", "help", "deploy"];
  const rows = sizes.flatMap((atOnce) =>
    names.map((name) => {
      const { p50, p95, p99 } = of(name, atOnce);
      return [titles[name] ?? name, atOnce, p50, p95, p99, p50 / of("echo", atOnce).p50] as const;
    }),
  );
  const figures: Record<string, number> = {};
  for (const atOnce of sizes) {
    for (const name of names) {
      for (const [which, value] of Object.entries(of(name, atOnce)))
        figures[`${name} at ${atOnce}, ${which} (ms)`] = value;
    }
  }
  const goals = sizes.flatMap((atOnce) =>
    ["help", "deploy"].map((name) => ({
      what: `${name}, ${atOnce} at a time, p50 beside the echo bot`,
      found: of(name, atOnce).p50 / of("echo", atOnce).p50,
      most: 1.3,
      unit: "times",
    })),
  );
  const columns = ["bot", "at a time", "p50 (ms)", "p95", "p99", "p50, beside the echo bot"];
  return { tables: [{ title: "First answer", columns, rows }], figures, goals };
}

const titles: Readonly<Record<string, string>> = {
  echo: "echo bot",
  help: "omnibot, `help`",
  deploy: "omnibot, `deploy`: its first card",
};

async function setUp(run: Run, { rounds, sizes }: Plan) {
  // A deployment holds its environment, and a channel has a pace: each has its own.
  const deployments = rounds * sizes.reduce((sum, { each }) => sum + each, 0);
  const names = Array.from({ length: deployments }, (_, i) => `e${i}`);
  const channelOf = (name: string) => `19:${name}@thread.tacv2`;
  const channels = await startChannels();
  const { environment } = configureAlone(
    run.folder,
    names,
    names.map(channelOf),
    channels.serviceUrl,
  );
  const omnibot = await startBot({
    port: await freePort(),
    environment: { ...environment, LOG_LEVEL: "error" },
    log: join(run.folder, "omnibot.log"),
  });
  const port = await freePort();
  const bare = await startChild({
    name: "the echo bot",
    args: ["bench/echo-bot.ts"],
    environment: { NODE_ENV: "production", PORT: String(port) },
    log: join(run.folder, "echo.log"),
    readyUrl: `http://127.0.0.1:${port}/readyz`,
  });
  let next = 0;
  let asked = 0;
  // Nobody is to be kept waiting by the pace of a channel.
  const words = () => ({
    text: "help",
    channel: channelOf(names[(asked += 1) % names.length] ?? ""),
  });
  const echo: Bot = {
    name: "echo",
    url: `http://127.0.0.1:${port}/api/messages`,
    next: words,
  };
  const help: Bot = { name: "help", url: omnibot.url, next: words };
  const deploy: Bot = {
    name: "deploy",
    url: omnibot.url,
    next() {
      const name = names[next++] ?? "";
      return { text: `deploy ${name}`, channel: channelOf(name) };
    },
  };
  return {
    echo,
    help,
    deploy,
    channels,
    places: names.length,
    async close() {
      await omnibot.kill();
      await bare.kill();
      await channels.close();
    },
  };
}

/** Sends so many messages, never more than `atOnce` without an answer; how long each was waited for. */
async function ask(
  bot: Bot,
  channels: Channels,
  count: number,
  atOnce: number,
): Promise<readonly number[]> {
  let left = count;
  const times: number[] = [];
  async function one(): Promise<void> {
    while (left > 0) {
      left -= 1;
      times.push(await askOnce(bot, channels));
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one));
  return times;
}

async function askOnce(bot: Bot, channels: Channels): Promise<number> {
  const { text, channel } = bot.next();
  const { serviceUrl } = channels;
  const id = randomUUID();
  const threadId = `${channel};messageid=${id}`;
  const answered = channels.firstPost(threadId);
  // As many people as messages: each of them has a pace.
  const person = { ...alex, id: `29:${id}`, aadObjectId: id };
  const activity = writeMessage(person, id, text, {}, { serviceUrl, threadId, at: Date.now() });
  const before = performance.now();
  const [at, { status, error }] = await Promise.all([answered, deliver(bot.url, activity)]);
  if (status !== 200) throw new Error(`the bot answered ${status} ${error ?? ""}`);
  return at - before;
}

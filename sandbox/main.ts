/** `npm run sandbox`: omnibot and everything it talks to, on this machine, with Microsoft's Playground as the client. */
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { startBot } from "./bot-process.ts";
import { runDoctor } from "./doctor.ts";
import { freePort } from "./free-port.ts";
import { cardActions } from "./card-text.ts";
import { alex, approvers, channel, diego, findPerson, megan } from "./people.ts";
import { startPlayground } from "./playground.ts";
import { connectPlayground, type PlaygroundClient } from "./playground-client.ts";
import { isScenario, scenarios, type Scenario } from "./scenario.ts";
import { startWorld, type World } from "./world.ts";

const usage = `npm run sandbox -- [options]
  --speed <n>      everything takes 1/n of its time (default 1)
  --scenario <s>   what the first build brings: ${Object.keys(scenarios).join(", ")}
  --port <n>       port of the Playground (default 56150)
  --folder <path>  where the state is kept (default .sandbox); it is emptied at the start
  --doctor         only examines the set-up, as npm run doctor does it with yours, and ends`;

const options = readOptions();
if (options === undefined) {
  process.stderr.write(`${usage}\n`);
  process.exit(1);
}
try {
  if (options.doctor) process.exit(await examine(options));
  await run(options);
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

interface Options {
  readonly speed: number;
  readonly scenario: Scenario;
  readonly port: number;
  readonly folder: string;
  readonly doctor: boolean;
}

async function examine({ speed, scenario, folder }: Options): Promise<number> {
  const world = await startWorld({ folder: join(folder, "world"), speed, scenario });
  const code = await runDoctor(world.environment);
  await world.close();
  return code;
}

async function run({ speed, scenario, port, folder }: Options): Promise<void> {
  say(
    "Starting Azure DevOps, a registry, GitHub, Kubernetes with Flux, omnibot and the Playground ...",
  );
  const world = await startWorld({ folder: join(folder, "world"), speed, scenario });
  const botPort = await freePort();
  const start = () =>
    startBot({ port: botPort, environment: world.environment, log: join(folder, "omnibot.log") });
  let bot = await start();
  world.hooks.to(new URL(bot.url).origin);
  const playground = await startPlayground({
    folder: join(folder, "playground"),
    botUrl: bot.url,
    port,
  });
  const client = await connectPlayground(playground.url);
  welcome(world, playground.url, folder);

  const commands: Commands = {
    approve: (who) => approve(client, who),
    async kill() {
      await bot.kill();
      say("omnibot was killed. Starting it again ...");
      bot = await start();
      say("omnibot is back, and goes on with what it had begun.");
    },
    examine: async () => void (await runDoctor(world.environment)),
    choose(chosen) {
      world.choose(chosen);
      say(`The next build: ${scenarios[chosen]}.`);
    },
  };
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => void obey(line.trim(), commands));
  // Without a terminal standard input ends at once; the sandbox does not.
  await new Promise<void>((stopped) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopped());
  });
  lines.close();
  say("\nStopping ...");
  client.close();
  await playground.stop();
  await bot.stop();
  await world.close();
  say("Stopped.");
}

function welcome(world: World, url: string, folder: string): void {
  const names = approvers.map((one) => one.name).join(", ");
  say(`
  Open      ${url}
            (the Playground listens on all network interfaces of this machine)
  Click     the channel "${channel.name}" on the left, then into "Start a new post"
  Type      @omnibot deploy production     (choose omnibot in the list that @ opens)
            @omnibot status
            @omnibot rollback 40641
            @omnibot help
  You are   ${alex.name}. Your own click on Approve is refused: a second person has to.
  Approve   as a second person: type "approve" here (Megan Bowen), or "approve" and a first name of
            ${names}, or of ${diego.name}, who may not
  Kill      type "kill" here in the middle of a deployment, and watch it go on
  Examine   type "doctor" here: what omnibot may do and may not, and how everything around it is

  See it    GitHub          ${world.github.url}/omnispatial/gitops
            git clone       ${world.github.gitDir}
            the application ${world.app.url}/healthz
            kubectl         KUBECONFIG=${world.environment["KUBECONFIG"]}
            omnibot's log   ${join(folder, "omnibot.log")}

  What the next build brings; type one here at any time:`);
  for (const [name, words] of Object.entries(scenarios))
    say(`            ${name.padEnd(24)}${words}`);
  say("\n  Ctrl-C stops everything.\n");
}

interface Commands {
  readonly approve: (who: string) => Promise<void>;
  readonly kill: () => Promise<void>;
  readonly examine: () => Promise<void>;
  readonly choose: (scenario: Scenario) => void;
}

async function obey(line: string, commands: Commands): Promise<void> {
  const [word = "", who = megan.key] = line.split(/\s+/);
  try {
    if (word === "") return;
    if (isScenario(word)) commands.choose(word);
    else if (word === "approve") await commands.approve(who);
    else if (word === "kill") await commands.kill();
    else if (word === "doctor") await commands.examine();
    else say(`Type approve, kill, doctor, or one of ${Object.keys(scenarios).join(", ")}.`);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  }
}

async function approve(client: PlaygroundClient, who: string): Promise<void> {
  const person = findPerson(who);
  const card = client.posts.findLast((post) =>
    cardActions(post.card).some((action) => action.verb === "approve"),
  );
  if (person === undefined) return say(`There is no "${who}" here.`);
  if (card === undefined) return say("Nothing waits for an approval.");
  const answer = await client.click(person, card, "approve");
  say(answer === "" ? `${person.name} approved.` : `${person.name} reads, alone: ${answer}`);
}

function readOptions(): Options | undefined {
  try {
    const { values } = parseArgs({
      options: {
        speed: { type: "string", default: "1" },
        scenario: { type: "string", default: "success" },
        port: { type: "string", default: "56150" },
        folder: { type: "string", default: ".sandbox" },
        doctor: { type: "boolean", default: false },
      },
    });
    const [speed, port] = [Number(values.speed), Number(values.port)];
    if (!(speed > 0 && speed <= 1000) || !Number.isInteger(port) || !isScenario(values.scenario))
      return undefined;
    const { scenario, folder, doctor } = values;
    return { speed, scenario, port, folder: resolve(folder), doctor };
  } catch {
    return undefined;
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

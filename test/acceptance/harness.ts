import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { startBotConnector, type BotConnector } from "../../sandbox/bot-connector/bot-connector.ts";
import type { Said, SayOptions, Who } from "../../sandbox/bot-connector/connector.ts";
import { postText, type Post } from "../../sandbox/bot-connector/threads.ts";
import type { BotAnswer } from "../../sandbox/bot-connector/to-bot.ts";
import { startBot, type BotProcess } from "../../sandbox/bot-process.ts";
import { cardActions, cardText } from "../../sandbox/card-text.ts";
import { freePort } from "../../sandbox/free-port.ts";
import { startWorld, type World, type WorldOptions } from "../../sandbox/world.ts";
import { readAudit, type AuditLine } from "./audit.ts";

export interface StoryOptions extends Partial<Omit<WorldOptions, "folder">> {
  /** Changes of `environments.production` in omnibot.yaml, merged key by key. */
  readonly production?: Readonly<Record<string, unknown>>;
  /** Environment variables beside those of the world. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The folder of another version of omnibot, to be run instead of this one. */
  readonly source?: string | undefined;
}

/** What a button of a card asks for. */
export type Verb = "approve" | "reject" | "rollback" | "choose";

/** One channel of Teams, one running omnibot, and everything that it talks to. */
export interface Story {
  readonly world: World;
  readonly teams: BotConnector;
  /** Where omnibot takes its messages. */
  readonly messages: string;
  /** Somebody writes to omnibot; without a thread in the options a new one begins, and the story goes on there. */
  say(who: Who, text: string, options?: SayOptions): Promise<Said>;
  /** Somebody asks in a thread of their own: what omnibot answers there, in words. */
  ask(who: Who, text: string): Promise<string>;
  /** The same, but again where the answer is partial: a machine that is busy needs more than the two seconds. */
  askForAll(who: Who, text: string): Promise<string>;
  /**
   * Somebody clicks a button of the story's card, or of the newest that has such a button: what that person alone is shown, in words. `data` is added to what the
   * button carries, as Teams does with what was typed.
   */
  click(who: Who, verb: Verb, data?: object): Promise<string>;
  /** Waits until the thread says this. */
  waitFor(
    wanted: string | RegExp | ((thread: string) => boolean),
    within?: number,
  ): Promise<string>;
  /** Waits until something else is true. */
  until(what: string, isTrue: () => boolean, within?: number): Promise<void>;
  /** The id of the story's thread. */
  thread(): string;
  /** What a person reads in the story's thread now. */
  threadText(): string;
  /** What the deployment's card said, at first and after every edit. */
  textsOfCard(): readonly string[];
  /** The cards of the story's thread; the first is the deployment's. */
  cards(): readonly Post[];
  /** The verbs of the buttons that the deployment's card has now. */
  buttons(): readonly string[];
  /** Somebody asks, and omnibot shows what would ship and whom it waits for. */
  request(who: Who, text: string): Promise<Said>;
  /** The file of the ledger. */
  readonly ledger: string;
  /** What omnibot wrote down, in order. */
  audit(): readonly AuditLine[];
  /** Ends omnibot as an upgrade would: what is under way is brought to a good place. */
  shutDown(): Promise<void>;
  /** Ends omnibot without a word, as a crash would. */
  kill(): Promise<void>;
  /** Starts omnibot again, as it was, with these environment variables beside its own. */
  restart(environment?: Readonly<Record<string, string>>): Promise<void>;
  /** Ends omnibot, and starts this version in its place. */
  upgrade(): Promise<void>;
  /** The process of omnibot that runs now, or ran last. */
  omnibot(): BotProcess;
  /** Starts another omnibot, of this version, beside it, to which Teams sends nothing. */
  startReplica(): Promise<void>;
  /** All that omnibot has logged. */
  log(): string;
  stop(): Promise<void>;
}

/** How long a story may take, in milliseconds, for jest. */
export const patience = 180_000;

const usualSpeed = 25;
/** How long something may be awaited, in milliseconds. */
const usualWait = 60_000;
const pause = 25;

const running = new Set<Story>();

/** Ends every story that was started: for `afterEach` or `afterAll`. */
export async function stopStories(): Promise<void> {
  await Promise.all([...running].map((story) => story.stop()));
}

export async function startStory(options: StoryOptions = {}): Promise<Story> {
  const { production = {}, environment: added = {}, speed = usualSpeed, source, ...rest } = options;
  const folder = mkdtempSync(join(tmpdir(), "omnibot-story-"));
  const logFile = join(folder, "omnibot.log");
  const world = await startWorld({ folder: join(folder, "world"), speed, ...rest });
  configure(world, production);
  const environment: Readonly<Record<string, string>> = { ...world.environment, ...added };
  const port = await freePort();
  const messages = `http://127.0.0.1:${port}/api/messages`;
  const teams = await startBotConnector({ botUrl: messages });
  let bot: BotProcess | undefined;
  let replica: BotProcess | undefined;
  let thread = "";

  async function begin(at: number, from?: string, more: object = {}): Promise<BotProcess> {
    try {
      const given = { ...environment, ...more };
      return await startBot({ port: at, environment: given, log: logFile, folder: from });
    } catch (error) {
      throw new Error(`omnibot did not start\n${account(story)}`, { cause: error });
    }
  }

  const ledger = join(environment["OMNIBOT_DATA"] ?? "", "omnibot.sqlite");
  const story: Story = {
    world,
    ledger,
    teams,
    messages,

    async say(who, text, how) {
      const said = await teams.say(who, text, how);
      if (how?.thread === undefined) thread = said.threadId;
      return said;
    },

    async request(who, text) {
      const said = await story.say(who, text);
      await story.until(`a question after "${text}"`, () => story.buttons().includes("approve"));
      return said;
    },

    async ask(who, text) {
      const { threadId } = await teams.say(who, text);
      const answers = () => teams.thread(threadId).filter((post) => post.fromBot);
      await story.until(`an answer to "${text}"`, () => answers().length > 0);
      return wordsOf(answers());
    },

    async askForAll(who, text) {
      let answer = await story.ask(who, text);
      for (let more = 5; more > 0 && answer.includes("Partial answer"); more -= 1)
        answer = await story.ask(who, text);
      return answer;
    },

    async click(who, verb, data) {
      const cards = story.cards();
      const buttonOf = (card: Post) =>
        cardActions(card.latest.card).find((action) => action.verb === verb);
      const card = cards.findLast((one) => buttonOf(one) !== undefined) ?? cards[0];
      if (card === undefined)
        throw new Error(`there is no card to click on\n${story.threadText()}`);
      const button = buttonOf(card);
      return shownTo(await teams.click(who, card.id, verb, { ...Object(button?.data), ...data }));
    },

    async waitFor(wanted, within) {
      await story.until(`the thread to say ${String(wanted)}`, () => says(story, wanted), within);
      return story.threadText();
    },

    async until(what, isTrue, within = usualWait) {
      const end = Date.now() + within;
      while (!isTrue()) {
        if (Date.now() > end) throw new Error(`waited ${within} ms for ${what}\n${account(story)}`);
        await delay(pause);
      }
    },

    thread: () => thread,
    textsOfCard: () => story.cards()[0]?.versions.map((version) => cardText(version.card)) ?? [],
    threadText: () => wordsOf(teams.thread(thread)),
    cards: () => teams.thread(thread).filter((post) => post.latest.card !== undefined),
    buttons: () => cardActions(story.cards()[0]?.latest.card).flatMap(({ verb }) => verb ?? []),
    audit: () => readAudit(ledger),

    async shutDown() {
      await bot?.stop();
      bot = undefined;
    },

    async kill() {
      await bot?.kill();
      bot = undefined;
    },

    async restart(more) {
      bot = await begin(port, source, more);
    },

    async upgrade() {
      await story.shutDown();
      bot = await begin(port);
    },

    omnibot() {
      if (bot === undefined) throw new Error("omnibot does not run");
      return bot;
    },

    async startReplica() {
      replica = await begin(await freePort());
    },

    log: () => readFileSync(logFile, "utf8"),

    async stop() {
      running.delete(story);
      await bot?.kill();
      await replica?.kill();
      await teams.close();
      await world.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  running.add(story);
  await story.restart();
  return story;
}

function configure(world: World, changes: Readonly<Record<string, unknown>>): void {
  const file = world.environment["OMNIBOT_CONFIG"] ?? "";
  const section = z.record(z.string(), z.unknown());
  const config = z
    .looseObject({ environments: z.object({ production: section }) })
    .parse(parse(readFileSync(file, "utf8")));
  const { production } = config.environments;
  for (const [key, change] of Object.entries(changes)) {
    const before = section.safeParse(production[key]);
    const whole = Array.isArray(change) || typeof change !== "object";
    production[key] = whole ? change : { ...before.data, ...change };
  }
  writeFileSync(file, stringify(config));
}

/** As a person reads it: mentions with their @, without the marks of Markdown. */
function wordsOf(posts: readonly Post[]): string {
  const words = posts.map((post) => `${post.from}\n${postText(post)}`).join("\n\n");
  return words.replaceAll(/<at>(.*?)<\/at>/g, "@$1").replaceAll("**", "");
}

function says(story: Story, wanted: string | RegExp | ((thread: string) => boolean)): boolean {
  const text = story.threadText();
  if (typeof wanted === "string") return text.includes(wanted);
  return wanted instanceof RegExp ? wanted.test(text) : wanted(text);
}

/** What omnibot answered to a click: a sentence, or the card that replaces the one that was clicked. */
export function shownTo({ status, body, error }: BotAnswer): string {
  if (status === 0) return `no answer: ${error}`;
  const { value } = z.object({ statusCode: z.literal(200), value: z.unknown() }).parse(body);
  return typeof value === "string" ? value : cardText(value);
}

/** For a test that failed: the thread, and the end of omnibot's log. */
function account(story: Story): string {
  const log = story.log().trimEnd().split("\n").slice(-30).join("\n");
  return `--- the thread\n${story.threadText()}\n--- omnibot's log\n${log}`;
}

import { setTimeout as delay } from "node:timers/promises";
import { cardActions, cardText } from "../../sandbox/card-text.ts";
import { postText } from "../../sandbox/bot-connector/threads.ts";
import { alex, megan } from "../../sandbox/people.ts";
import type { Deployment } from "../../src/deployment/deployment.ts";
import { causeOf } from "../../src/teams/cards/failed.ts";
import type { Benign, Case } from "./case.ts";
import { startStage, type Stage } from "./stage.ts";

/** What came of a story. Times are milliseconds of fast time. */
export interface Verdict {
  /** From the moment when the world showed it to the moment when its words stood in the thread. */
  readonly toldAfter: number | undefined;
  /** How it ended, and what was told. */
  readonly outcome: string;
  readonly problems: readonly string[];
  readonly log: string;
}

/** How long a story may take, and between two looks at the world, in milliseconds of the machine. */
const bound = 40_000;
const between = 5;
/** Every so many of these looks the thread is read. */
const reading = 5;
/** How long after the end its last words may take to arrive, in milliseconds of the machine. */
const lastWords = 1500;

/** What nobody may read in the thread of something that is well. */
const alarm = /is not live|did not become|^(?:\S+ )?failed\b/im;

/** Plays a case from the request to the words that it wants. */
export async function playCase(one: Case, speed: number): Promise<Verdict> {
  const stage = await startStage(one, speed);
  try {
    const wanted = () => [...ownWords(one, stage), ...one.words, ...(one.atEnd ?? [])];
    const unsaid = () => [
      ...missing(stage, [...(one.first ?? []), ...one.words]),
      ...gone(stage, [...ownWords(one, stage), ...(one.atEnd ?? [])]),
    ];
    const story = await play(stage, one, () => {
      return (one.ends === "waiting" || isOver(stage)) && unsaid().length === 0;
    });
    const state = stateOf(stage);
    const ends = one.ends ?? "failed";
    const good = ends === "failed" ? `failed: ${one.cause}` : ends === "live" ? "live" : undefined;
    const problems = [
      ...unsaid().map((words) => `the thread does not say ${String(words)}`),
      ...(good === undefined || state === good ? [] : [`it is ${state}, and should be ${good}`]),
      ...(story.decidable === undefined ? ["the world never showed it"] : []),
    ];
    const told = Math.max(
      ...(one.first ?? wanted()).map((words) => toldAt(stage, words) ?? Number.NaN),
    );
    const toldAfter =
      story.decidable === undefined || Number.isNaN(told)
        ? undefined
        : Math.max(0, told - story.decidable);
    // It was so at some time between two looks at the world.
    if (told < story.notYet) problems.push("it was told before it was so");
    return { toldAfter, outcome: outcomeOf(stage), problems, log: logOf(stage, problems) };
  } finally {
    await stage.close();
  }
}

/** Plays what is well to its end. */
export async function playBenign(one: Benign, speed: number): Promise<Verdict> {
  const stage = await startStage(one, speed);
  try {
    await play(stage, one, () => isOver(stage) && isTold(stage, /is live/));
    const alarms = versionsOf(stage).filter(({ words }) => alarm.test(words));
    const state = stateOf(stage);
    const problems = [
      ...(state === "live" ? [] : [`it is ${state}, and should be live`]),
      ...alarms.slice(0, 1).map(({ words }) => `a false alarm: ${alarm.exec(words)?.[0] ?? ""}`),
      ...missing(stage, one.words ?? []).map((words) => `the thread does not say ${String(words)}`),
    ];
    return {
      toldAfter: undefined,
      outcome: outcomeOf(stage),
      problems,
      log: logOf(stage, problems),
    };
  } finally {
    await stage.close();
  }
}

/** When the world showed what a case is about, in milliseconds of fast time. */
interface Shown {
  /** The first look at it that found it so. */
  readonly decidable: number | undefined;
  /** The last that did not. */
  readonly notYet: number;
}

/** Somebody asks, somebody else approves, the case's own turns happen; until it is done or too late. */
async function play(stage: Stage, one: Case | Benign, isDone: () => boolean): Promise<Shown> {
  const { teams } = stage;
  const turns = [...(one.turns ?? [])];
  const test = "decidable" in one ? one.decidable : undefined;
  let decidable: number | undefined;
  let notYet = 0;
  let approved = false;
  await one.before?.(stage);
  if (test === undefined) decidable = notYet = Date.now();
  ({ threadId: stage.threadId } = await teams.say(alex, one.ask ?? "deploy production"));
  let end = performance.now() + bound;
  // Reading the whole thread is the most work: that is done now and then.
  for (let look = 0; performance.now() < end; await delay(between)) {
    look += 1;
    if (look % reading === 0 && isDone()) break;
    if (isOver(stage) && !("followed" in one)) end = Math.min(end, performance.now() + lastWords);
    const open = approved || one.approve === false ? undefined : cardOf(stage);
    if (open !== undefined) {
      approved = true;
      await one.approved?.(stage);
      if (test === undefined && one.approved !== undefined) decidable = notYet = Date.now();
      await teams.click(megan, open, "approve");
    }
    for (const turn of turns.filter(({ when }) => when(stage))) {
      turns.splice(turns.indexOf(turn), 1);
      await turn.does(stage);
    }
    if (decidable === undefined) {
      const now = Date.now();
      if (test?.(stage) === true) decidable = now;
      else notYet = now;
    }
  }
  return { decidable, notYet };
}

/** The card that can be approved. */
function cardOf({ teams, threadId }: Stage): string | undefined {
  return teams
    .thread(threadId)
    .find(({ latest }) => cardActions(latest.card).some(({ verb }) => verb === "approve"))?.id;
}

function isOver({ saved }: Stage): boolean {
  return [...saved.values()].some(({ state }) => state !== "active");
}

/** The cause's own words, where it ends with that. */
function ownWords({ cause, ends = "failed" }: Case, { saved }: Stage): readonly string[] {
  if (ends !== "failed") return [];
  // Some causes are called by the name of the service.
  const service = [...saved.values()][0]?.failure?.service;
  const named = service === undefined ? {} : { service };
  const { sentence, remedy } = causeOf({ code: cause, step: "", detail: "", ...named });
  return [sentence, remedy.replaceAll("`", "")];
}

/** Everything that the bot showed in the thread, each picture with the moment of its arrival. */
function versionsOf({ teams, threadId }: Stage) {
  return teams
    .thread(threadId)
    .filter((post) => post.fromBot)
    .flatMap((post) => post.versions)
    .map(({ at, text, card }) => ({ at, words: `${text}\n${wordsOf(card)}` }));
}

/** What a card says, found out once. */
function wordsOf(card: unknown): string {
  if (typeof card !== "object" || card === null) return cardText(card);
  const known = cards.get(card);
  if (known !== undefined) return known;
  const words = cardText(card);
  cards.set(card, words);
  return words;
}

const cards = new WeakMap<object, string>();

function toldAt(stage: Stage, wanted: string | RegExp): number | undefined {
  const found = versionsOf(stage).filter(({ words }) =>
    typeof wanted === "string" ? words.includes(wanted) : wanted.test(words),
  );
  return found.length === 0 ? undefined : Math.min(...found.map(({ at }) => at));
}

function isTold(stage: Stage, wanted: string | RegExp): boolean {
  return toldAt(stage, wanted) !== undefined;
}

function missing(stage: Stage, wanted: readonly (string | RegExp)[]): readonly (string | RegExp)[] {
  return wanted.filter((words) => !isTold(stage, words));
}

/** What does not stand there now, whatever was told before. */
function gone(stage: Stage, wanted: readonly (string | RegExp)[]): readonly (string | RegExp)[] {
  const now = stage.teams
    .thread(stage.threadId)
    .filter((post) => post.fromBot)
    .map(postText)
    .join("\n");
  return wanted.filter((words) =>
    typeof words === "string" ? !now.includes(words) : !words.test(now),
  );
}

function stateOf({ saved }: Stage): string {
  const [deployment] = saved.values();
  if (deployment === undefined) return "never asked for";
  const { state, failure } = deployment;
  if (state === "expired") return "failed: expired";
  return state === "failed" ? `failed: ${failure?.code ?? ""}` : state;
}

/** In the words that people read. */
function outcomeOf({ saved }: Stage): string {
  const [deployment] = saved.values();
  const { failure } = deployment ?? {};
  return failure?.detail ?? sentenceOf(deployment);
}

function sentenceOf(deployment: Deployment | undefined): string {
  const step = deployment?.progress.findLast(({ state }) => state !== "pending");
  return `${step?.title ?? ""}: ${step?.sentence ?? ""}`;
}

/** What was said and logged, where something is wrong. */
function logOf(stage: Stage, problems: readonly string[]): string {
  if (problems.length === 0) return "";
  const said = versionsOf(stage).map(({ at, words }) => `${new Date(at).toISOString()} ${words}`);
  return [...said.slice(-6), stage.log()].join("\n");
}

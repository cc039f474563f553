import { setTimeout as delay } from "node:timers/promises";
import { cardActions } from "../../sandbox/card-text.ts";
import type { Said } from "../../sandbox/bot-connector/connector.ts";
import { adele, alex, diego } from "../../sandbox/people.ts";
import { git, releaseFile } from "../acceptance/git.ts";
import { createDeciders } from "./deciders.ts";
import type { Kill } from "./keeper.ts";
import { createErrand } from "./errand.ts";
import type { Before, Finding, Told } from "./findings.ts";
import { judge, ownThreads } from "./judge.ts";
import { wantedTag, type Place } from "./place.ts";
import { releaseHold } from "./release.ts";
import type { Kind, StoryPlan } from "./story-plan.ts";
import type { DeploymentLine } from "./witness.ts";

export interface StoryResult extends StoryPlan {
  readonly place: string;
  /** Kills that hit, or times that something was held or stood still. */
  readonly hits: number;
  /** Points that the story did not pass, in the order of the plan. */
  readonly missed: readonly Kill[];
  readonly findings: readonly Finding[];
  readonly secondCards: number;
  /** Replies that were in doubt, and are not said again. */
  readonly unsaid: number;
  readonly milliseconds: number;
}

/** How long a story may take, in milliseconds: a run in doubt is looked for during a minute, and killed again meanwhile. */
const patience = 240_000;
const pause = 40;
/** How long the release of a rollback's hold may take, in milliseconds. */
const holdTime = 30_000;

/** The builds that were there before. A rollback goes to the one of these that is not live. */
const builds = [40641, 40655] as const;

/** Somebody asks, somebody decides, omnibot is killed as planned, and the story goes on until its end. */
export async function tellStory(place: Place, plan: StoryPlan): Promise<StoryResult> {
  const { world, teams, keeper, witness, doubts } = place;
  const { kind } = plan;
  const started = Date.now();
  const end = started + patience;
  await until(() => keeper.isUp(), end);
  if (kind === "notice") await beWatched(place, end);
  const [hitsBefore, ends, doubtful] = [keeper.hits, keeper.ends.length, doubts.length];
  const before: Before = {
    head: git(world, "rev-parse", "main"),
    tag: wantedTag(world),
    journal: world.github.journal.length,
    runs: world.azureDevOps.runs.length,
    deployment: (await witness.newer(0)).at(-1)?.id ?? 0,
    ownThreads: ownThreads(teams).length,
  };
  setUp(place, kind);
  keeper.plan(plan.kills);

  const { text, said } = await begin(place, kind);
  let heard = said === undefined || isAccepted(said.status);
  const deciders = createDeciders(teams, kind);
  const errand = createErrand(place, kind, before);
  let line: DeploymentLine | undefined;
  let finished = false;
  while (!finished && Date.now() < end) {
    // Teams delivers again what was not answered.
    if (!heard && said !== undefined && keeper.isUp())
      heard = isAccepted((await teams.redeliver(said.messageId, "same-id")).status);
    await errand.look(line);
    [line] = await witness.newer(before.deployment).catch(() => [line].flatMap((one) => one ?? []));
    const ended = line !== undefined && !["active", "following"].includes(line.state);
    const shown = ended && line !== undefined && line.shown >= line.revision;
    const over = ended || (line !== undefined && line.step !== "approve");
    if (said !== undefined) await deciders.decide(askingCard(place, said.threadId), over);
    const all = said === undefined || (deciders.areDone() && errand.isDone());
    finished = shown && keeper.isCalm() && all;
    await delay(pause);
  }
  const missed = keeper.cancel();
  await until(() => keeper.isUp() && keeper.isCalm(), end);
  tidyUp(place);

  const thread = said?.threadId ?? line?.conversation ?? "";
  const told: Told = {
    ...plan,
    thread,
    text,
    finished,
    ...deciders.told(),
    before,
    ends: keeper.ends.slice(ends),
    // What nobody asked for has no thread before its card is posted.
    doubts: doubts.slice(doubtful).filter((one) => said === undefined || one.thread === thread),
  };
  const { findings: judged, secondCards, unsaid } = await judge(place, told);
  // What somebody says after the story is no part of it.
  keeper.trace(false);
  const held = kind === "rollback" ? await releaseHold(teams, "production", holdTime) : undefined;
  const findings = held === undefined ? judged : [...judged, { type: "lost" as const, what: held }];
  const hits = keeper.hits - hitsBefore;
  const milliseconds = Date.now() - started;
  return { ...plan, place: place.name, hits, missed, findings, secondCards, unsaid, milliseconds };
}

/** What is in the way from the beginning. */
function setUp({ world }: Place, kind: Kind): void {
  if (kind === "rollback") {
    // GitHub puts the first branch off, which is certainly not done: that intent is taken back.
    const answer = { status: 429, headers: { "retry-after": "1" } };
    world.github.faults.push({ method: "POST", path: "/git/refs$", times: 1, answer });
  }
  world.azureDevOps.controls.agents = kind !== "cancel";
  if (kind === "withdraw") world.github.rules.checks.set("lint", "pending");
  world.choose(kind === "retry" ? "image-missing" : "success");
}

function tidyUp({ world }: Place): void {
  world.azureDevOps.controls.agents = true;
  world.github.rules.checks.clear();
  world.choose("success");
}

/** Words that make something ship: a new commit, or the other of two builds; or a change of the file past omnibot. */
async function begin(
  { world, teams }: Place,
  kind: Kind,
): Promise<{ readonly text: string; readonly said?: Said }> {
  const live = wantedTag(world);
  const other = builds.find((build) => !live.endsWith(String(build)));
  if (kind === "notice") {
    const edit = (file: string) => file.replace(live, `production-${other}`);
    await world.github.pushCommit({ path: releaseFile, edit, message: "By hand", author: diego });
    return { text: `production-${other}` };
  }
  const text = kind === "rollback" ? `rollback production ${other}` : "deploy production";
  if (kind !== "rollback")
    world.azureDevOps.pushCommit({ message: `Change ${Date.now()}`, author: "Lee Gu" });
  return { text, said: await teams.say(alex, text) };
}

/** omnibot was spoken to in the channel, and has seen the file: so it notices a change, and has somewhere to tell it. */
async function beWatched({ teams, witness }: Place, end: number): Promise<void> {
  await teams.say(adele, "help");
  while (!(await witness.watches()) && Date.now() < end) await delay(pause);
}

/** The newest card of the thread that asks for a decision. */
function askingCard({ teams }: Place, thread: string): string | undefined {
  const asks = teams
    .thread(thread)
    .filter((post) => cardActions(post.latest.card).some(({ verb }) => verb === "approve"));
  return asks.at(-1)?.id;
}

function isAccepted(status: number): boolean {
  return status >= 200 && status < 300;
}

async function until(isTrue: () => boolean, end: number): Promise<void> {
  while (!isTrue() && Date.now() < end) await delay(pause);
}

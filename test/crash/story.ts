import { setTimeout as delay } from "node:timers/promises";
import { cardActions } from "../../sandbox/card-text.ts";
import { alex } from "../../sandbox/people.ts";
import { git } from "../acceptance/git.ts";
import { createDeciders } from "./deciders.ts";
import type { Kill } from "./keeper.ts";
import type { Finding, Told } from "./findings.ts";
import { judge } from "./judge.ts";
import { wantedTag, type Place } from "./place.ts";
import { releaseHold } from "./release.ts";
import type { Kind, StoryPlan } from "./story-plan.ts";

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
  const started = Date.now();
  const end = started + patience;
  await until(() => keeper.isUp(), end);
  const [hitsBefore, ends, doubtful] = [keeper.hits, keeper.ends.length, doubts.length];
  const before = {
    head: git(world, "rev-parse", "main"),
    tag: wantedTag(world),
    journal: world.github.journal.length,
    runs: world.azureDevOps.runs.length,
  };
  const text = request(place, plan.kind);
  keeper.plan(plan.kills);

  const said = await teams.say(alex, text);
  const thread = said.threadId;
  let heard = isAccepted(said.status);
  const deciders = createDeciders(teams, plan.kind);
  let finished = false;
  while (!finished && Date.now() < end) {
    // Teams delivers again what was not answered.
    if (!heard && keeper.isUp())
      heard = isAccepted((await teams.redeliver(said.messageId, "same-id")).status);
    const [line] = await witness.deployments(thread).catch(() => []);
    const shown = line !== undefined && line.state !== "active" && line.shown >= line.revision;
    const over = line !== undefined && (line.step !== "approve" || line.state !== "active");
    await deciders.decide(askingCard(place, thread), over);
    finished = shown && keeper.isCalm() && deciders.areDone();
    await delay(pause);
  }
  const missed = keeper.cancel();
  await until(() => keeper.isUp() && keeper.isCalm(), end);

  const told: Told = {
    ...plan,
    thread,
    text,
    finished,
    ...deciders.told(),
    before,
    ends: keeper.ends.slice(ends),
    doubts: doubts.slice(doubtful).filter((one) => one.thread === thread),
  };
  const { findings: judged, secondCards, unsaid } = await judge(place, told);
  // What somebody says after the story is no part of it.
  keeper.trace(false);
  const held =
    plan.kind === "rollback" ? await releaseHold(teams, "production", holdTime) : undefined;
  const findings = held === undefined ? judged : [...judged, { type: "lost" as const, what: held }];
  const hits = keeper.hits - hitsBefore;
  const milliseconds = Date.now() - started;
  return { ...plan, place: place.name, hits, missed, findings, secondCards, unsaid, milliseconds };
}

/** Words that make something ship: a new commit, or the other of two builds. */
function request({ world }: Place, kind: Kind): string {
  if (kind === "rollback") {
    // GitHub puts the first branch off, which is certainly not done: that intent is taken back.
    const answer = { status: 429, headers: { "retry-after": "1" } };
    world.github.faults.push({ method: "POST", path: "/git/refs$", times: 1, answer });
    const live = wantedTag(world);
    return `rollback production ${builds.find((build) => !live.endsWith(String(build)))}`;
  }
  world.azureDevOps.pushCommit({ message: `Change ${Date.now()}`, author: "Lee Gu" });
  return "deploy production";
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

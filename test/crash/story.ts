import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { cardActions } from "../../sandbox/card-text.ts";
import { adele, alex, megan } from "../../sandbox/people.ts";
import { git } from "../acceptance/git.ts";
import { judge, type Finding, type Told } from "./judge.ts";
import { wantedTag, type Place } from "./place.ts";
import type { Kind, StoryPlan } from "./story-plan.ts";

export interface StoryResult extends StoryPlan {
  readonly place: string;
  /** Kills that hit, or times that something was held. */
  readonly hits: number;
  readonly missed: number;
  readonly findings: readonly Finding[];
  readonly secondCards: number;
  /** Replies that were in doubt, and are not said again. */
  readonly unsaid: number;
  readonly milliseconds: number;
}

/** How long a story may take, in milliseconds: a run in doubt is looked for during a minute, and killed again meanwhile. */
const patience = 240_000;
const pause = 40;
/** Somebody who got no answer looks at the card again after this. */
const secondThought = 1500;

/** The builds that were there before. A rollback goes to the one of these that is not live. */
const builds = [40641, 40655] as const;

/** Somebody asks, somebody approves, omnibot is killed as planned, and the story goes on until its end. */
export async function tellStory(place: Place, plan: StoryPlan): Promise<StoryResult> {
  const { world, teams, keeper, witness, doubts } = place;
  const started = Date.now();
  const end = started + patience;
  await until(() => keeper.isUp(), end);
  const [hitsBefore, ends, doubtful] = [keeper.hits, keeper.ends.length, doubts.length];
  const before = {
    head: git(world, "rev-parse", "main"),
    journal: world.github.journal.length,
    runs: world.azureDevOps.runs.length,
  };
  const text = request(place, plan.kind);
  keeper.plan(plan.kills);

  const said = await teams.say(alex, text);
  const thread = said.threadId;
  let heard = isAccepted(said.status);
  const approvers = new Set<string>();
  let nextClick = 0;
  let finished = false;
  while (!finished && Date.now() < end) {
    // Teams delivers again what was not answered.
    if (!heard && keeper.isUp())
      heard = isAccepted((await teams.redeliver(said.messageId, "same-id")).status);
    const [line] = await witness.deployments(thread).catch(() => []);
    finished = line !== undefined && line.state !== "active" && line.shown >= line.revision;
    const card = openCard(place, thread);
    if (approvers.size === 0 && card !== undefined && Date.now() > nextClick) {
      nextClick = Date.now() + secondThought;
      // Two at once, as it happens: whoever is told that it counts must be found in the audit trail.
      await Promise.all(
        [megan, adele].map(async (person) => {
          if (isHonoured(await teams.click(person, card, "approve"))) approvers.add(person.name);
        }),
      );
    }
    await delay(pause);
  }
  const missed = keeper.cancel().length;
  await until(() => keeper.isUp(), end);

  const told: Told = {
    ...plan,
    thread,
    text,
    finished,
    approvers: [...approvers],
    before,
    ends: keeper.ends.slice(ends),
    doubts: doubts.slice(doubtful).filter((one) => one === thread).length,
  };
  const { findings, secondCards, unsaid } = await judge(place, told);
  const hits = keeper.hits - hitsBefore;
  const milliseconds = Date.now() - started;
  return { ...plan, place: place.name, hits, missed, findings, secondCards, unsaid, milliseconds };
}

/** Words that make something ship: a new commit, or the other of two builds. */
function request({ world }: Place, kind: Kind): string {
  if (kind === "deploy") {
    world.azureDevOps.pushCommit({ message: `Change ${Date.now()}`, author: "Lee Gu" });
    return "deploy production";
  }
  const live = wantedTag(world);
  return `rollback production ${builds.find((build) => !live.endsWith(String(build)))}`;
}

/** The newest card of the thread that asks for approval. */
function openCard({ teams }: Place, thread: string): string | undefined {
  const asks = teams
    .thread(thread)
    .filter((post) => cardActions(post.latest.card).some(({ verb }) => verb === "approve"));
  return asks.at(-1)?.id;
}

function isAccepted(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Whether the person was told that the decision counts: the answer is the new card. */
function isHonoured({
  status,
  body,
}: {
  readonly status: number;
  readonly body: unknown;
}): boolean {
  const answer = z.object({ statusCode: z.literal(200), value: z.looseObject({}) }).safeParse(body);
  return status === 200 && answer.success;
}

async function until(isTrue: () => boolean, end: number): Promise<void> {
  while (!isTrue() && Date.now() < end) await delay(pause);
}

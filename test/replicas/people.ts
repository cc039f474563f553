import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { BotConnector } from "../../sandbox/bot-connector/bot-connector.ts";
import type { BotAnswer } from "../../sandbox/bot-connector/to-bot.ts";
import type { Post } from "../../sandbox/bot-connector/threads.ts";
import { cardActions } from "../../sandbox/card-text.ts";
import { adele, alex, lee, megan, type SandboxPerson } from "../../sandbox/people.ts";
import type { World } from "../../sandbox/world.ts";
import type { Random } from "../crash/random.ts";
import type { Witness } from "../crash/witness.ts";
import { until } from "./fleet.ts";
import { releaseHold } from "../crash/release.ts";

/** Where people work: a channel of Teams, and what they ship. */
export interface Place {
  readonly world: World;
  readonly teams: BotConnector;
  readonly witness: Witness;
}

/** What happened in one thread, as the people in it know it. */
export interface Told {
  readonly environment: string;
  readonly kind: "deploy" | "rollback";
  readonly thread: string;
  readonly decision: "approve" | "reject";
  /** Who was told that the decision counts. */
  readonly deciders: readonly string[];
  /** Messages and clicks that were delivered, again or not. */
  readonly deliveries: number;
  /** The thread of somebody who came second, while this one was under way. */
  readonly second: string | undefined;
  /** The requester's own click was taken. */
  readonly ownClick: boolean;
  /** Clicks that were delivered several times, and of which one answer says yes and another one no. */
  readonly contradictions: number;
  readonly finished: boolean;
  /** What is wrong with the hold that a rollback leaves behind. */
  readonly held?: string;
  /** From the answer to the decision until omnibot went on, in milliseconds. */
  readonly reaction: number | undefined;
}

export interface Habits {
  readonly decision: "approve" | "reject";
  readonly kind: "deploy" | "rollback";
  /** The message, and each click, is delivered again while it is still worked on. */
  readonly echo: boolean;
  /** Somebody else asks for the same meanwhile. */
  readonly rival: boolean;
  /** How many approvers click at once. */
  readonly approvers: number;
}

export function habitsOf(random: Random): Habits {
  return {
    decision: random.below(6) === 0 ? "reject" : "approve",
    kind: random.below(3) === 0 ? "rollback" : "deploy",
    echo: random.below(3) === 0,
    rival: random.below(3) === 0,
    approvers: 1 + random.below(3),
  };
}

export const plainHabits: Habits = {
  decision: "approve",
  kind: "deploy",
  echo: false,
  rival: false,
  approvers: 1,
};

const deciders: readonly SandboxPerson[] = [megan, adele, lee];
/** The builds that were there before; a rollback goes to one that is not live. */
const builds = [40641, 40655] as const;
/** How long a deployment may take, in milliseconds: a run in doubt is looked for during a minute. */
const patience = 150_000;
/** Somebody who got no answer looks at the card again after this. */
const secondThought = 1500;
/** Somebody who asked looks for the card as long as this. */
const thirdThought = 6000;

/** Somebody asks, others decide, and all wait for the end. `approving` is told when the decision is about to be made. */
export async function deployOnce(
  { world, teams, witness }: Place,
  environment: string,
  habits: Habits,
  approving: () => void = () => {},
): Promise<Told> {
  const end = performance.now() + patience;
  const left = () => Math.max(0, end - performance.now());
  let deliveries = 0;

  async function ask(who: SandboxPerson, text: string): Promise<string> {
    const said = await teams.say(who, text);
    deliveries += 1;
    for (let { status } = said; status < 200 || status >= 300; deliveries += 1) {
      if (left() === 0) break;
      await delay(300);
      // Teams delivers again what was not answered.
      ({ status } = await teams.redeliver(said.messageId, "same-id"));
    }
    if (habits.echo) {
      deliveries += 2;
      const again = () => teams.redeliver(said.messageId, "same-id");
      await Promise.all([again(), again()]);
    }
    return said.threadId;
  }

  const text = request(world, environment, habits.kind);
  const threads = [await ask(alex, text)];
  const thread = () => threads.find((one) => hasCard(teams.thread(one))) ?? threads.at(-1) ?? "";
  const open = () =>
    teams
      .thread(thread())
      .findLast((post) =>
        cardActions(post.latest.card).some(({ verb }) => verb === habits.decision),
      );
  while (!(await until(() => open() !== undefined, Math.min(thirdThought, left()))) && left() > 0) {
    // Who is told that it is not certain, and sees no card, says it again.
    const told = teams.thread(thread()).some((post) => post.latest.text.includes("say it again"));
    if (told) threads.push(await ask(alex, text));
  }
  const second = habits.rival ? await ask(lee, `deploy ${environment}`) : undefined;

  approving();
  const honoured = new Set<string>();
  let ownClick = false;
  let contradictions = 0;
  let decidedAt: number | undefined;
  const decide = async (person: SandboxPerson) => {
    const card = open();
    if (card === undefined) return;
    const data = habits.decision === "reject" ? { reason: "not now" } : {};
    const button = cardActions(card.latest.card).find(({ verb }) => verb === habits.decision);
    const id = `f:${randomUUID()}`;
    const { decision, echo } = habits;
    const answers = await Promise.all([
      teams.click(person, card.id, decision, { ...Object(button?.data), ...data }, id),
      ...(echo ? [teams.redeliver(id, "same-id"), teams.redeliver(id, "new-id")] : []),
    ]);
    deliveries += answers.length;
    if (!answers.some(isHonoured)) return;
    if (answers.some((answer) => !isHonoured(answer) && !isDoubtful(answer))) contradictions += 1;
    if (person === alex) ownClick = true;
    else honoured.add(person.name);
    decidedAt ??= performance.now();
  };
  const people = [...deciders.slice(0, habits.approvers), ...(habits.echo ? [alex] : [])];
  while (honoured.size === 0 && open() !== undefined && left() > 0) {
    await Promise.all(people.map(decide));
    if (honoured.size === 0) await delay(secondThought);
  }

  let reaction: number | undefined;
  const finished = await until(async () => {
    const [line] = await witness.deployments(thread()).catch(() => []);
    if (line === undefined) return false;
    if (reaction === undefined && decidedAt !== undefined && line.step !== "approve")
      reaction = performance.now() - decidedAt;
    return line.state !== "active" && line.shown >= line.revision;
  }, left());
  const { decision, kind } = habits;
  const held =
    finished && kind === "rollback" && decision === "approve"
      ? await releaseHold(teams, environment, left())
      : undefined;
  return {
    environment,
    kind,
    thread: thread(),
    decision,
    deciders: [...honoured],
    deliveries,
    second,
    ownClick,
    contradictions,
    finished,
    ...(held === undefined ? {} : { held }),
    reaction,
  };
}

function request(world: World, environment: string, kind: Told["kind"]): string {
  if (kind === "deploy") {
    world.azureDevOps.pushCommit({ message: `Change for ${environment}`, author: "Lee Gu" });
    return `deploy ${environment}`;
  }
  const namespace = environment === "production" ? "omnispatial" : `omnispatial-${environment}`;
  const release = world.kubernetes.store.get("helmreleases", namespace, "omnispatial-web");
  const live = JSON.stringify(release?.spec.values);
  const build = builds.find((one) => !live.includes(`${environment}-${one}"`));
  return `rollback ${environment} ${build}`;
}

function hasCard(posts: readonly Post[]): boolean {
  return posts.some((post) => post.fromBot && post.latest.card !== undefined);
}

/** Whether the person was told that the decision counts: the answer is the new card. */
function isHonoured(answer: BotAnswer): boolean {
  const card = z.object({ statusCode: z.literal(200), value: z.looseObject({}) });
  return answer.status === 200 && card.safeParse(answer.body).success;
}

/** Nobody answered, or whoever did could not reach the ledger. */
function isDoubtful({ status, body }: BotAnswer): boolean {
  return status !== 200 || JSON.stringify(body).includes("Something went wrong");
}

import { setTimeout as delay } from "node:timers/promises";
import { cardActions, cardText } from "../../sandbox/card-text.ts";
import { alex, megan } from "../../sandbox/people.ts";
import type { Post } from "../../sandbox/bot-connector/threads.ts";
import type { Deployment } from "../../src/deployment/deployment.ts";
import { git } from "../acceptance/git.ts";
import { becomes, type Stage } from "./stage.ts";

/** How a deployment went, and what there is of everything that may be there once. */
export interface Ending {
  /** `live`, `failed: <code>`, `expired`, or what it still waits for. */
  readonly state: string;
  readonly counts: Counts;
  readonly cards: readonly Post[];
  /** Milliseconds. */
  readonly took: number;
  readonly deployment: Deployment | undefined;
}

export interface Counts {
  readonly deployments: number;
  readonly runs: number;
  readonly branches: number;
  readonly commits: number;
  readonly pullRequests: number;
  readonly merges: number;
  readonly cards: number;
  /** Messages that say how it ended. */
  readonly ends: number;
  /** How often the same words were said in the thread, at the most. */
  readonly sameWords: number;
}

/** How long a story may take, in milliseconds. */
export const bound = 90_000;

export interface Plan {
  /** What goes wrong from the beginning. */
  readonly asked?: () => void | Promise<void>;
  /** What goes wrong from just before the approval. */
  readonly approved?: () => void | Promise<void>;
  /** What goes wrong when the approval was sent. */
  readonly followed?: () => void | Promise<void>;
}

/** Somebody asks to deploy, somebody else approves, and it goes on to its end, whatever that is. */
export async function play(
  stage: Stage,
  { asked, approved, followed }: Plan = {},
): Promise<Ending> {
  const { teams, seen } = stage;
  const begun = Date.now();
  const count = await counter(stage);
  await asked?.();
  const { threadId } = await teams.say(alex, "deploy production");
  const ended = () => [...seen.saved.values()].some(({ state }) => state !== "active");
  const cards = () => teams.thread(threadId).filter(({ latest }) => latest.card !== undefined);
  const open = () => cards().find((post) => canApprove(post));
  await becomes(() => open() !== undefined || ended(), bound);
  const card = open();
  if (card !== undefined && !ended()) {
    await approved?.();
    await approve(stage, card);
    await followed?.();
  }
  await becomes(() => ended(), bound - (Date.now() - begun));
  const [deployment] = seen.saved.values();
  await becomes(() => seen.shown.has(deployment?.id ?? 0), 20_000);
  return {
    state: stateOf(deployment),
    counts: await count(threadId),
    cards: cards(),
    took: Date.now() - begun,
    deployment,
  };
}

/** Somebody whose click went wrong, and is told so, looks at the card and clicks again. */
async function approve({ teams }: Stage, card: Post): Promise<void> {
  for (let clicks = 0; clicks < 20; clicks += 1) {
    const { status, body } = await teams.click(megan, card.id, "approve");
    const isAsked = /Something went wrong|try again in a moment/.test(JSON.stringify(body ?? ""));
    if (status !== 0 && !isAsked) return;
    await delay(500);
  }
}

export function canApprove(post: Post): boolean {
  return cardActions(post.latest.card).some(({ verb }) => verb === "approve");
}

export function stateOf(deployment: Deployment | undefined): string {
  if (deployment === undefined) return "never asked for";
  const { state, failure, progress } = deployment;
  if (state === "failed") return `failed: ${failure?.code ?? ""}`;
  if (state !== "active") return state;
  const step = progress.find((one) => one.state !== "done");
  return `still ${step?.step ?? ""}: ${step?.sentence ?? ""}`;
}

/** Counts from now on what the world itself shows, not what omnibot says. */
export async function counter(stage: Stage): Promise<(threadId: string) => Promise<Counts>> {
  const { world, teams, seen, pushes } = stage;
  const { azureDevOps } = world;
  const merged = () => Number(git(world, "rev-list", "--count", "--first-parent", "main"));
  const before = {
    runs: azureDevOps.runs.length,
    merges: merged(),
    pulls: await countPulls(stage),
  };
  return async (threadId) => {
    await stage.calm();
    const posts = teams.thread(threadId).filter((post) => post.fromBot);
    const texts = posts.map(({ latest }) => latest.text).filter((text) => text !== "");
    return {
      deployments: seen.saved.size,
      runs: azureDevOps.runs.length - before.runs,
      branches: pushes.filter(({ kind }) => kind === "made").length,
      commits: pushes.filter(({ kind }) => kind === "moved").length,
      pullRequests: (await countPulls(stage)) - before.pulls,
      merges: merged() - before.merges,
      cards: posts.filter(({ latest }) => latest.card !== undefined).length,
      ends: texts.filter((text) => text.startsWith(`<at>${alex.name}</at>`)).length,
      sameWords: Math.max(0, ...texts.map((text) => texts.filter((one) => one === text).length)),
    };
  };
}

async function countPulls({ world }: Stage): Promise<number> {
  const { github, environment } = world;
  const url = `${github.url}/repos/omnispatial/gitops/pulls?state=all&per_page=1`;
  const headers = { authorization: `Bearer ${environment["GITHUB_TOKEN"]}` };
  const answer = await fetch(url, { headers });
  const [newest] = (await answer.json()) as { number: number }[];
  return newest?.number ?? 870;
}

/** The words of every picture that the card showed. */
export function wordsOfCard(card: Post | undefined): readonly string[] {
  return card?.versions.map((version) => cardText(version.card)) ?? [];
}

import { cardText } from "../../sandbox/card-text.ts";
import { git } from "../acceptance/git.ts";
import type { End } from "./process.ts";
import { wantedTag, type Place } from "./place.ts";
import type { StoryPlan } from "./story-plan.ts";
import type { AuditLine, DeploymentLine } from "./witness.ts";

/** Something that must not be: done twice, lost, or otherwise wrong. */
export interface Finding {
  readonly type: "double" | "lost" | "wrong";
  readonly what: string;
}

/** What is known of a story when it has ended, to be judged by. */
export interface Told extends StoryPlan {
  readonly thread: string;
  readonly text: string;
  readonly finished: boolean;
  /** Who was told that their approval counts. */
  readonly approvers: readonly string[];
  readonly before: { readonly head: string; readonly journal: number; readonly runs: number };
  readonly ends: readonly End[];
  /** Kills during a post of the card. */
  readonly doubts: number;
}

export interface Verdict {
  readonly findings: readonly Finding[];
  readonly secondCards: number;
  readonly unsaid: number;
}

/** Judges a story by the journals of those whom omnibot talked to, by Git, by the cluster, and by the audit trail. */
export async function judge(place: Place, told: Told): Promise<Verdict> {
  const findings: Finding[] = [];
  const find = (type: Finding["type"], what: string) => void findings.push({ type, what });
  const once = (what: string, count: number, expected = 1) => {
    if (count > expected) find("double", `${count} × ${what}`);
    if (count < expected) find("lost", `no ${what}`);
  };

  for (const end of told.ends)
    find("wrong", `omnibot ended by itself: ${end.signal ?? `code ${end.code}`}`);
  const lines = await place.witness.deployments(told.thread);
  once("deployment of the message", lines.length);
  const [line] = lines;
  if (line === undefined) return { findings, secondCards: 0, unsaid: 0 };
  if (!told.finished)
    find(
      "lost",
      `it has not ended: ${line.state}, at ${line.step}, approved by ${told.approvers.join(" and ") || "nobody"}`,
    );
  if (told.finished && line.state !== "live") find("wrong", `it ended as ${line.state}`);

  judgeEffects(place, told, line, once);
  judgeAudit(told, await place.witness.audit(line.id), find, once);
  judgeCluster(place, told, find);
  return { findings, ...judgeThread(place, told, line, find) };
}

type Find = (type: Finding["type"], what: string) => void;
type OnceOnly = (what: string, count: number, expected?: number) => void;

function judgeEffects(
  { world }: Place,
  { kind, before }: Told,
  { key }: DeploymentLine,
  once: OnceOnly,
): void {
  const runs = world.azureDevOps.runs.slice(before.runs);
  once("run", runs.length, kind === "deploy" ? 1 : 0);
  if (kind === "deploy") once("run with the key", runs.filter((run) => run.marker === key).length);

  const done = world.github.journal
    .slice(before.journal)
    .filter((entry) => entry.status < 300 && entry.body.includes(`omnibot/${key}`));
  const made = (method: string, path: RegExp) =>
    done.filter((entry) => entry.method === method && path.test(entry.path)).length;
  once("branch", made("POST", /\/git\/refs$/));
  once("commit", made("PUT", /\/contents\//));
  once("pull request", made("POST", /\/pulls$/));
  const range = `${before.head}..main`;
  const merges = git(world, "log", "--first-parent", "--format=%B", range);
  once("merge", merges.split("\n").filter((one) => one.startsWith("Omnibot-Deployment:")).length);
  once("commit on main", Number(git(world, "rev-list", "--count", "--first-parent", range)));
  once("change in Git", Number(git(world, "rev-list", "--count", "--no-merges", range)));
}

/** Requested, approved, each intent before its done, each step once, and nothing after the end (P12). */
function judgeAudit(told: Told, audit: readonly AuditLine[], find: Find, once: OnceOnly): void {
  const actions = audit.map(({ action }) => action);
  const count = (action: string) => actions.filter((one) => one === action).length;
  const place = (action: string) => actions.indexOf(action);
  if (actions[0] !== "requested") find("wrong", `the audit trail begins with ${actions[0]}`);
  once("requested in the audit trail", count("requested"));
  const approvers = audit.filter(({ action }) => action === "approved").map(({ actor }) => actor);
  if (new Set(approvers).size < approvers.length)
    find("double", `approved by ${approvers.join(", ")}`);
  if (actions.lastIndexOf("approved") > place("step-done:approve"))
    find("double", `approved after it was decided: ${actions.join(", ")}`);
  for (const name of told.approvers)
    if (!approvers.includes(name)) find("lost", `the approval of ${name}, who was told it counts`);

  const changes = ["create-branch", "commit-tag", "open-pull-request", "merge", "poke-flux"];
  const effects = told.kind === "deploy" ? ["start-run", ...changes] : changes;
  let last = place("approved");
  if (last < 0) find("lost", "no approval in the audit trail");
  for (const effect of effects) {
    once(`done:${effect} in the audit trail`, count(`done:${effect}`));
    const [intended, done] = [place(`intent:${effect}`), place(`done:${effect}`)];
    if (!(last < intended && intended < done))
      find("wrong", `${effect} is not in order: ${actions.join(", ")}`);
    last = done;
  }
  const built = told.kind === "deploy" ? ["build"] : [];
  const follow = [
    "verify-image",
    "open-change",
    "merge-change",
    "sync",
    "roll-out",
    "check-health",
  ];
  const wanted = ["approve", ...built, ...follow].map((step) => `step-done:${step}`);
  const steps = actions.filter((action) => action.startsWith("step-"));
  if (steps.join() !== wanted.join())
    find("wrong", `the steps of the audit trail are ${steps.join(", ")}`);
}

function judgeCluster({ world }: Place, { text, kind, before }: Told, find: Find): void {
  const build =
    kind === "deploy" ? world.azureDevOps.runs[before.runs]?.id : Number(text.split(" ").at(-1));
  const tag = `production-${build}`;
  const inGit = wantedTag(world);
  if (inGit !== tag) find("wrong", `Git wants ${inGit}, not ${tag}`);
  const { store } = world.kubernetes;
  const release = JSON.stringify(store.get("helmreleases", "omnispatial", "omnispatial-web")?.spec);
  if (!release.includes(tag)) find("wrong", `the HelmRelease does not carry ${tag}`);
  const pods = store
    .list("pods", "omnispatial")
    .filter((pod) => pod.metadata.deletionTimestamp === undefined);
  const images = pods.flatMap((pod) => pod.spec.containers.map(({ image }) => image));
  if (images.length !== 3 || images.some((image) => !image.endsWith(`:${tag}`)))
    find("wrong", `the pods run ${images.join(", ")}, not ${tag}`);
}

/** One card, and at most one more for each kill during a post of it; every reply once. */
function judgeThread(
  { teams }: Place,
  { thread, doubts, finished }: Told,
  { sent }: DeploymentLine,
  find: Find,
): Pick<Verdict, "secondCards" | "unsaid"> {
  const posts = teams.thread(thread).filter((post) => post.fromBot);
  const cards = posts.filter((post) => post.latest.card !== undefined);
  const secondCards = Math.max(0, cards.length - 1);
  if (secondCards > doubts)
    find("double", `${cards.length} cards, after ${doubts} kills during a post`);
  const live = cards.find((card) => card.id === sent.card?.id);
  if (live === undefined) find("lost", `the card is ${sent.card?.state ?? "missing"}`);
  else if (finished && !/ is live/.test(cardText(live.latest.card)))
    find("lost", `the card does not say how it ended: ${cardText(live.latest.card)}`);

  const replies = posts.filter((post) => post.latest.card === undefined);
  const states = Object.values(sent.replies);
  const unsaid = states.filter((state) => state === "intent").length;
  if (new Set(replies.map((post) => post.latest.text)).size < replies.length)
    find(
      "double",
      `a reply was said twice: ${replies.map((post) => post.latest.text).join(" | ")}`,
    );
  if (finished && (states.length !== 2 || replies.length < states.length - unsaid))
    find("lost", `${replies.length} replies, ${JSON.stringify(sent.replies)} noted`);
  return { secondCards, unsaid };
}

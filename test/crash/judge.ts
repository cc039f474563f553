import type { Post } from "../../sandbox/bot-connector/threads.ts";
import { cardText } from "../../sandbox/card-text.ts";
import type { World } from "../../sandbox/world.ts";
import { git } from "../acceptance/git.ts";
import type { Before, CountOnce, Find, Finding, Told } from "./findings.ts";
import { judgeAudit } from "./judge-audit.ts";
import { wantedTag, type Place } from "./place.ts";
import type { Kind } from "./story-plan.ts";
import type { DeploymentLine, Doubt } from "./witness.ts";

export interface Verdict {
  readonly findings: readonly Finding[];
  readonly secondCards: number;
  readonly unsaid: number;
}

/** Once, unless this says otherwise: what a kind of story leaves behind. */
interface Expected {
  readonly state: string;
  /** A run; changes up to the pull request; their merge; replies in the thread. */
  readonly runs: 0 | 1;
  readonly changes: 0 | 1;
  readonly merges: 0 | 1;
  readonly replies: number;
  /** How the card ends. */
  readonly says: RegExp;
}

const whole = {
  state: "live",
  runs: 1,
  changes: 1,
  merges: 1,
  replies: 2,
  says: / is live/,
} as const;
const stopped = { state: "canceled", merges: 0, says: /canceled/ } as const;
const outcomes: Readonly<Record<Kind, Expected>> = {
  deploy: whole,
  rollback: { ...whole, runs: 0 },
  reject: { state: "rejected", runs: 0, changes: 0, merges: 0, replies: 1, says: / rejected it/ },
  cancel: { ...whole, ...stopped, changes: 0 },
  withdraw: { ...whole, ...stopped },
  // That it failed, and in the end that it did not.
  retry: { ...whole, replies: 3 },
  notice: {
    ...whole,
    runs: 0,
    changes: 0,
    merges: 0,
    replies: 0,
    says: / is live, put there by hand/,
  },
};

/** The cards that begin a thread. */
export function ownThreads(teams: Place["teams"]): readonly Post[] {
  return teams.posts().filter((post) => post.fromBot && post.threadId.endsWith(`=${post.id}`));
}

/** Judges a story by the journals of those whom omnibot talked to, by Git, by the cluster, and by the audit trail. */
export async function judge(place: Place, told: Told): Promise<Verdict> {
  const findings: Finding[] = [];
  const find: Find = (type, what) => void findings.push({ type, what });
  const once: CountOnce = (what, count, expected = 1) => {
    if (count > expected) find("double", `${count} × ${what}, not ${expected}`);
    if (count < expected) find("lost", `${count} × ${what}, not ${expected}`);
  };

  for (const end of told.ends)
    find("wrong", `omnibot ended by itself: ${end.signal ?? `code ${end.code}`}`);
  const lines = await place.witness.newer(told.before.deployment);
  once("deployment", lines.length);
  const [line] = lines;
  if (line === undefined) return { findings, secondCards: 0, unsaid: 0 };
  const deciders = told.deciders.join(" and ") || "nobody";
  if (!told.finished)
    find("lost", `it has not ended: ${line.state}, at ${line.step}, decided by ${deciders}`);
  const { state } = outcomes[told.kind];
  if (told.finished && line.state !== state) find("wrong", `it ended as ${line.state}`);
  if (told.lateCounted) find("wrong", "a decision counted that came too late");

  judgeEffects(place, told, line, once);
  judgeAudit(told, await place.witness.audit(line.id), find, once);
  judgeCluster(place, told, find);
  return { findings, ...judgeThread(place, told, line, find) };
}

function judgeEffects(
  { world }: Place,
  { kind, before }: Told,
  { key }: DeploymentLine,
  once: CountOnce,
): void {
  const { runs: built, changes, merges: merged } = outcomes[kind];
  const runs = world.azureDevOps.runs.slice(before.runs);
  once("run", runs.length, built);
  once("run with the key", runs.filter((run) => run.marker === key).length, built);
  if (kind === "cancel") once("canceled run", runs.filter(isCanceled).length);

  const done = world.github.journal
    .slice(before.journal)
    .filter((entry) => entry.status < 300 && entry.body.includes(`omnibot/${key}`));
  const made = (method: string, path: RegExp) =>
    done.filter((entry) => entry.method === method && path.test(entry.path)).length;
  once("branch", made("POST", /\/git\/refs$/), changes);
  once("commit", made("PUT", /\/contents\//), changes);
  once("pull request", made("POST", /\/pulls$/), changes);
  if (kind === "withdraw") judgeClosed(world, key, before, once);
  const range = `${before.head}..main`;
  const merges = git(world, "log", "--first-parent", "--format=%B", range);
  const marks = merges.split("\n").filter((one) => one.startsWith("Omnibot-Deployment:"));
  once("merge", marks.length, merged);
  const moved = kind === "notice" ? 1 : merged;
  once("commit on main", Number(git(world, "rev-list", "--count", "--first-parent", range)), moved);
  once("change in Git", Number(git(world, "rev-list", "--count", "--no-merges", range)), moved);
}

/** The pull request is closed, once, and its branch gone. */
function judgeClosed(world: World, key: string, before: Before, once: CountOnce): void {
  const branches = git(world, "for-each-ref", "--format=%(refname)", `refs/heads/omnibot/${key}`);
  once("branch that is left", branches === "" ? 0 : 1, 0);
  const closed = world.github.journal
    .slice(before.journal)
    .filter(
      ({ method, path, status }) =>
        method === "PATCH" && /\/pulls\/\d+$/.test(path) && status < 300,
    );
  once("closed pull request", new Set(closed.map(({ path }) => path)).size);
}

function isCanceled({ result }: World["azureDevOps"]["runs"][number]): boolean {
  return result === "canceled";
}

function judgeCluster({ world }: Place, { text, kind, before }: Told, find: Find): void {
  const built = `production-${world.azureDevOps.runs[before.runs]?.id}`;
  const tags: Readonly<Record<Kind, string>> = {
    deploy: built,
    rollback: `production-${text.split(" ").at(-1)}`,
    reject: before.tag,
    cancel: before.tag,
    withdraw: before.tag,
    retry: built,
    notice: text,
  };
  const tag = tags[kind];
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

/** One card, and at most one more for each post of it that was left in doubt; every reply once, or in doubt and unsaid. */
function judgeThread(
  { teams }: Place,
  { thread, kind, doubts, finished, before }: Told,
  { sent }: DeploymentLine,
  find: Find,
): Pick<Verdict, "secondCards" | "unsaid"> {
  const inDoubt = (what: Doubt["what"]) =>
    new Set(doubts.filter((doubt) => doubt.what === what).map(({ post }) => post)).size;
  const posts = teams.thread(thread).filter((post) => post.fromBot);
  // A change past omnibot is told in a thread that its card begins, and nothing else ever is.
  const begun = ownThreads(teams).slice(before.ownThreads);
  if (kind !== "notice" && begun.length > 0) find("double", "it was told as a change by hand too");
  const cards = kind === "notice" ? begun : posts.filter((post) => post.latest.card !== undefined);
  const secondCards = Math.max(0, cards.length - 1);
  if (secondCards > inDoubt("card"))
    find("double", `${cards.length} cards, and ${inDoubt("card")} posts of it were in doubt`);
  const live = cards.find((card) => card.id === sent.card?.id);
  const { says: end, replies: wanted } = outcomes[kind];
  if (live === undefined) find("lost", `the card is ${sent.card?.state ?? "missing"}`);
  else if (finished && !end.test(cardText(live.latest.card)))
    find("lost", `the card does not say how it ended: ${cardText(live.latest.card)}`);

  const replies = posts.filter((post) => post.latest.card === undefined);
  const said = new Set(replies.map((post) => post.latest.text));
  if (said.size < replies.length)
    find("double", `a reply was said twice: ${[...said].join(" | ")}`);
  const unsaid = Math.max(0, wanted - said.size);
  if (finished && unsaid > inDoubt("reply"))
    find("lost", `${unsaid} replies unsaid, and ${inDoubt("reply")} were in doubt`);
  if (finished && Object.keys(sent.replies).length !== wanted)
    find("lost", `noted of the replies: ${JSON.stringify(sent.replies)}`);
  return { secondCards, unsaid };
}

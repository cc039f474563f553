import { cardText } from "../../sandbox/card-text.ts";
import { git } from "../acceptance/git.ts";
import type { CountOnce, Find, Finding, Told } from "./findings.ts";
import { judgeAudit } from "./judge-audit.ts";
import { wantedTag, type Place } from "./place.ts";
import type { DeploymentLine, Doubt } from "./witness.ts";

export interface Verdict {
  readonly findings: readonly Finding[];
  readonly secondCards: number;
  readonly unsaid: number;
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
  const lines = await place.witness.deployments(told.thread);
  once("deployment of the message", lines.length);
  const [line] = lines;
  if (line === undefined) return { findings, secondCards: 0, unsaid: 0 };
  const deciders = told.deciders.join(" and ") || "nobody";
  if (!told.finished)
    find("lost", `it has not ended: ${line.state}, at ${line.step}, decided by ${deciders}`);
  const wanted = told.kind === "reject" ? "rejected" : "live";
  if (told.finished && line.state !== wanted) find("wrong", `it ended as ${line.state}`);
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
  const ships = kind === "reject" ? 0 : 1;
  const runs = world.azureDevOps.runs.slice(before.runs);
  const built = kind === "deploy" ? 1 : 0;
  once("run", runs.length, built);
  once("run with the key", runs.filter((run) => run.marker === key).length, built);

  const done = world.github.journal
    .slice(before.journal)
    .filter((entry) => entry.status < 300 && entry.body.includes(`omnibot/${key}`));
  const made = (method: string, path: RegExp) =>
    done.filter((entry) => entry.method === method && path.test(entry.path)).length;
  once("branch", made("POST", /\/git\/refs$/), ships);
  once("commit", made("PUT", /\/contents\//), ships);
  once("pull request", made("POST", /\/pulls$/), ships);
  const range = `${before.head}..main`;
  const merges = git(world, "log", "--first-parent", "--format=%B", range);
  const marks = merges.split("\n").filter((one) => one.startsWith("Omnibot-Deployment:"));
  once("merge", marks.length, ships);
  once("commit on main", Number(git(world, "rev-list", "--count", "--first-parent", range)), ships);
  once("change in Git", Number(git(world, "rev-list", "--count", "--no-merges", range)), ships);
}

function judgeCluster({ world }: Place, { text, kind, before }: Told, find: Find): void {
  const tags = {
    deploy: `production-${world.azureDevOps.runs[before.runs]?.id}`,
    rollback: `production-${text.split(" ").at(-1)}`,
    reject: before.tag,
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
  { thread, kind, doubts, finished }: Told,
  { sent }: DeploymentLine,
  find: Find,
): Pick<Verdict, "secondCards" | "unsaid"> {
  const inDoubt = (what: Doubt["what"]) =>
    new Set(doubts.filter((doubt) => doubt.what === what).map(({ post }) => post)).size;
  const posts = teams.thread(thread).filter((post) => post.fromBot);
  const cards = posts.filter((post) => post.latest.card !== undefined);
  const secondCards = Math.max(0, cards.length - 1);
  if (secondCards > inDoubt("card"))
    find("double", `${cards.length} cards, and ${inDoubt("card")} posts of it were in doubt`);
  const live = cards.find((card) => card.id === sent.card?.id);
  const end = kind === "reject" ? / rejected it/ : / is live/;
  if (live === undefined) find("lost", `the card is ${sent.card?.state ?? "missing"}`);
  else if (finished && !end.test(cardText(live.latest.card)))
    find("lost", `the card does not say how it ended: ${cardText(live.latest.card)}`);

  const replies = posts.filter((post) => post.latest.card === undefined);
  const said = new Set(replies.map((post) => post.latest.text));
  if (said.size < replies.length)
    find("double", `a reply was said twice: ${[...said].join(" | ")}`);
  const wanted = kind === "reject" ? 1 : 2;
  const unsaid = Math.max(0, wanted - said.size);
  if (finished && unsaid > inDoubt("reply"))
    find("lost", `${unsaid} replies unsaid, and ${inDoubt("reply")} were in doubt`);
  if (finished && Object.keys(sent.replies).length !== wanted)
    find("lost", `noted of the replies: ${JSON.stringify(sent.replies)}`);
  return { secondCards, unsaid };
}

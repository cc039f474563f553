import { cardText } from "../../sandbox/card-text.ts";
import type { Post } from "../../sandbox/bot-connector/threads.ts";
import { git } from "../acceptance/git.ts";
import type { Finding } from "../crash/findings.ts";
import type { AuditLine, DeploymentLine } from "../crash/witness.ts";
import type { Place, Told } from "./people.ts";

export interface Verdict {
  readonly findings: readonly Finding[];
  /** When an edit showed less than the one before, and was mended by a later one. Milliseconds since 1970. */
  readonly outOfOrder: readonly number[];
  readonly secondCards: number;
}

type Find = (type: Finding["type"], what: string) => void;

/** Judges a thread's deployment by the journals of those whom the replicas talked to, by Git, and by the audit trail. */
export async function judge(place: Place, told: Told): Promise<Verdict> {
  const findings: Finding[] = [];
  const find: Find = (type, what) =>
    void findings.push({ type, what: `${told.kind} of ${told.environment}: ${what}` });
  const once = (what: string, count: number, expected = 1) => {
    if (count > expected) find("double", `${count} × ${what}`);
    if (count < expected) find("lost", `no ${what}`);
  };
  const lines = await place.witness.deployments(told.thread);
  once("deployment of the message", lines.length);
  const [line] = lines;
  if (line === undefined) return { findings, outOfOrder: [], secondCards: 0 };
  const wanted = told.decision === "reject" ? "rejected" : "live";
  if (!told.finished) find("lost", `it has not ended: ${line.state}, at ${line.step}`);
  else if (line.state !== wanted) find("wrong", `it ended as ${line.state}`);
  if (told.held !== undefined) find("lost", told.held);
  if (told.ownClick) find("wrong", "the requester's own approval was taken");
  if (told.contradictions > 0) find("wrong", `${told.contradictions} clicks got yes and no`);
  if (told.second !== undefined) {
    const rivals = await place.witness.deployments(told.second);
    if (rivals.length > 0 && told.decision === "approve")
      find("double", "a second deployment at the same time");
  }

  judgeEffects(place, told, line, wanted === "live" ? 1 : 0, once);
  judgeAudit(told, await place.witness.audit(line.id), find, once);
  return { findings, ...judgeThread(place, told, line, find) };
}

function judgeEffects(
  { world }: Place,
  { kind }: Told,
  { key }: DeploymentLine,
  wanted: number,
  once: (what: string, count: number, expected: number) => void,
): void {
  const runs = world.azureDevOps.runs.filter((run) => run.marker === key).length;
  once("run", runs, kind === "deploy" ? wanted : 0);
  const done = world.github.journal.filter(
    ({ status, body }) => status < 300 && body.includes(`omnibot/${key}`),
  );
  const made = (method: string, path: RegExp) =>
    done.filter((entry) => entry.method === method && path.test(entry.path)).length;
  once("branch", made("POST", /\/git\/refs$/), wanted);
  once("commit", made("PUT", /\/contents\//), wanted);
  once("pull request", made("POST", /\/pulls$/), wanted);
  const merges = git(
    world,
    "log",
    "--first-parent",
    "--format=%H",
    `--grep=^Omnibot-Deployment: ${key}$`,
    "main",
  );
  once("merge", merges === "" ? 0 : merges.split("\n").length, wanted);
}

/** Requested, decided by each person once, each intent before its done, each step once, and nothing after the end (P12). */
function judgeAudit(
  told: Told,
  audit: readonly AuditLine[],
  find: Find,
  once: (what: string, count: number) => void,
): void {
  const actions = audit.map(({ action }) => action);
  if (actions[0] !== "requested") find("wrong", `the audit trail begins with ${actions[0]}`);
  const word = told.decision === "approve" ? "approved" : "rejected";
  const decided = audit.filter(({ action }) => action === word).map(({ actor }) => actor);
  if (new Set(decided).size < decided.length) find("double", `${word} by ${decided.join(", ")}`);
  for (const name of told.deciders)
    if (!decided.includes(name) && told.decision === "approve")
      find("lost", `the decision of ${name}, who was told that it counts`);
  for (const done of actions.filter((action) => action.startsWith("done:"))) {
    once(`${done} in the audit trail`, actions.filter((action) => action === done).length);
    const intended = actions.indexOf(done.replace("done:", "intent:"));
    if (intended < 0 || intended > actions.indexOf(done)) find("wrong", `${done} without intent`);
    if (intended < actions.indexOf("approved")) find("wrong", `${done} before it was approved`);
  }
  const steps = actions.filter((action) => action.startsWith("step-done:"));
  if (new Set(steps).size < steps.length) find("double", `steps: ${steps.join(", ")}`);
}

function judgeThread(
  { teams }: Place,
  told: Told,
  line: DeploymentLine,
  find: Find,
): Pick<Verdict, "outOfOrder" | "secondCards"> {
  const posts = teams.thread(told.thread).filter((post) => post.fromBot);
  const cards = posts.filter((post) => post.latest.card !== undefined);
  const replies = posts.filter((post) => post.latest.card === undefined);
  if (cards.length > 2) find("double", `${cards.length} cards`);
  if (new Set(replies.map((post) => post.latest.text)).size < replies.length)
    find("double", `a reply: ${replies.map((post) => post.latest.text).join(" | ")}`);
  const live = cards.find((card) => card.id === line.sent.card?.id);
  if (live === undefined) find("lost", `the card is ${line.sent.card?.state ?? "missing"}`);
  else if (told.finished && !/ is live|rejected/i.test(cardText(live.latest.card)))
    find("lost", `the card does not say how it ended: ${cardText(live.latest.card)}`);
  return {
    outOfOrder: cards.flatMap(stepsBack),
    secondCards: Math.max(0, cards.length - 1),
  };
}

/** When an edit showed less than the one before. */
function stepsBack({ versions }: Post): readonly number[] {
  const ranks = versions.map(({ card }) => rankOf(cardText(card)));
  return versions.filter((_, i) => (ranks[i] ?? 0) < (ranks[i - 1] ?? 0)).map(({ at }) => at);
}

/** How far the deployment has come by its card: the steps that are done; a card without steps is the first or the last. */
function rankOf(text: string): number {
  if (/ is live|rejected/i.test(text)) return 1000;
  return text.split("✓").length - 1;
}

import { calls, type Call, type Port } from "./calls.ts";
import { faultOf, troubles, type Trouble } from "./faults.ts";
import type { Stage } from "./stage.ts";
import { bound, play, wordsOfCard, type Ending } from "./story.ts";

/** What came of a cell: how it ended in words, and everything that is wrong with that. */
export interface Verdict {
  readonly outcome: string;
  readonly problems: readonly string[];
}

/** One field of the table: a port, what it was asked, and what went wrong. */
export interface Cell {
  readonly port: Port;
  readonly call: string;
  readonly fault: string;
  /** Whether the bounded form plays it too. */
  readonly always: boolean;
  /** Undefined where this machine cannot play it; the outcome says why. */
  play(stage: Stage): Promise<Verdict>;
}

export const requestCells: readonly Cell[] = calls.flatMap((call, row) =>
  troubles
    .filter((trouble) => isMeant(call, trouble))
    .map((trouble, column) => ({
      port: call.port,
      call: call.name,
      fault: trouble.name,
      always: isMain(call, trouble) || (row + column) % 5 === 0,
      play: (stage) => playCell(stage, call, trouble),
    })),
);

function isMeant(call: Call, trouble: Trouble): boolean {
  if (trouble.writes === true && !call.writes) return false;
  if (trouble.fault === "gone") return call.during !== "none";
  if (trouble.ends !== undefined && call.manner !== "again") return false;
  // Teams ends otherwise: see its own cells.
  if (trouble.ends !== undefined && call.port === "teams") return false;
  // A log of a pod is no JSON, a watch no body; an empty answer has nothing to break off.
  const hasBody = !["log", "watch", "delete branch", "Receiver"].includes(call.name);
  return typeof trouble.fault === "string" || trouble.fault.body === undefined || hasBody;
}

/** Effects that must not be doubled, and each port at least once. */
function isMain(call: Call, trouble: Trouble): boolean {
  const doubtful = ["502 after its effect", "reset after its effect", "no answer to its effect"];
  return call.writes && doubtful.includes(trouble.name);
}

async function playCell(stage: Stage, call: Call, trouble: Trouble): Promise<Verdict> {
  await stage.begin({ poke: call.poke ?? "annotation" });
  stage.world.choose(call.scenario ?? "success");
  const { fault: kind } = trouble;
  const standIn = call.to(stage);
  let isMet: () => boolean;
  let arm: () => void;
  if (kind === "gone") {
    const outage = { of: standIn, at: call.during, times: trouble.times };
    isMet = () => outage.times < trouble.times;
    arm = () => void (stage.seen.outage = outage);
  } else {
    const fault = faultOf(call, kind, trouble.times);
    isMet = () => fault.times < trouble.times;
    arm = () => void standIn.faults.push(fault);
  }
  const ending = await play(stage, call.from === "approval" ? { approved: arm } : { asked: arm });
  const problems = [
    ...(isMet() ? [] : ["it was never met"]),
    ...judgeEnd(ending, call, trouble),
    ...judgeCounts(ending, call, trouble),
    ...judgeWaits(stage, ending, call, trouble),
  ];
  return { outcome: ending.state, problems };
}

function judgeEnd({ state, took }: Ending, call: Call, trouble: Trouble): readonly string[] {
  const good = [trouble.ends ?? call.ends ?? "live"];
  // What a service says is wrong stays wrong: an end, but with its cause.
  if (trouble.refuses === true && call.manner === "again")
    good.push("failed: service-refused", "failed: run-not-started");
  if (trouble.absent === true && call.absent !== undefined) good.push(call.absent);
  // Nobody needs to wait for a proposal longer than for an approval.
  if (trouble.ends === "failed: service-unreachable") good.push("expired");
  return [
    ...(good.includes(state) ? [] : [`it should be ${good.join(" or ")}`]),
    ...(took > bound ? [`it took ${Math.round(took / 1000)} s`] : []),
  ];
}

function judgeCounts({ state, counts }: Ending, call: Call, trouble: Trouble): readonly string[] {
  const complete = state === "live";
  // The only doubles that there may be: a card whose post was in doubt (docs/reliability.md).
  const cardInDoubt = call.name === "post the card" && !("refuses" in trouble);
  // A reply that is in doubt is not said again: the card shows the same.
  const replyInDoubt = call.name === "post a reply" || cardInDoubt;
  return Object.entries(counts).flatMap(([what, count]) => {
    if (what === "cards" && cardInDoubt) return count <= 2 ? [] : [`${count} cards`];
    const least =
      what === "deployments" || what === "cards"
        ? 1
        : what === "ends"
          ? replyInDoubt
            ? 0
            : 1
          : complete
            ? 1
            : 0;
    return count >= least && count <= 1 ? [] : [`${count} ${what}`];
  });
}

function judgeWaits(
  { seen }: Stage,
  { cards, state }: Ending,
  call: Call,
  trouble: Trouble,
): readonly string[] {
  const { waits } = seen;
  const problems: string[] = [];
  for (const { of, sentence, time } of waits) {
    if (time > 16 * 60_000) problems.push(`it waited ${Math.round(time / 60_000)} min`);
    if (of === "deployment" && !/at most/.test(sentence))
      problems.push(`"${sentence}" does not say until when`);
  }
  if (trouble.silent === true && waits.length > 0)
    problems.push(`it waited for no reason: ${waits.map(({ sentence }) => sentence).join(" | ")}`);
  const asks = trouble.asks ?? 0;
  if (call.manner === "again" && !waits.some(({ time }) => time >= asks - 100) && asks > 0)
    problems.push(`nobody waited for ${asks / 1000} s as asked`);
  if (trouble.ends !== undefined && state !== "expired") {
    const said = wordsOfCard(cards[0]);
    if (!said.some((words) => /Tries again/.test(words)))
      problems.push("the card never said what it waits for");
    const last = said.at(-1) ?? "";
    if (!/403|502/.test(last)) problems.push("the card does not say why it failed");
  }
  return problems.slice(0, 4);
}

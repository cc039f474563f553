import { calls, type Call } from "./calls.ts";
import type { Cell, Verdict } from "./cell.ts";
import { faultOf, troubles, type Trouble } from "./faults.ts";
import { judge, type Expectation } from "./judge.ts";
import { patience, type Stage } from "./stage.ts";
import { play } from "./story.ts";

/** Every request times everything that can go wrong with a request. */
export const requestCells: readonly Cell[] = calls.flatMap((call) =>
  troubles
    .filter((trouble) => isMeant(call, trouble))
    .map((trouble) => ({
      port: call.port,
      call: call.name,
      fault: trouble.name,
      kind: trouble.kind ?? trouble.name,
      form: isMain(call, trouble) ? ("always" as const) : ("chosen" as const),
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

/** Effects that may have been done: what must not be doubled. */
function isMain(call: Call, trouble: Trouble): boolean {
  const doubtful = ["502 after its effect", "reset after its effect", "no answer to its effect"];
  return call.writes && call.manner === "again" && doubtful.includes(trouble.name);
}

async function playCell(stage: Stage, call: Call, trouble: Trouble): Promise<Verdict> {
  const hangs = typeof trouble.fault !== "string" && trouble.fault.hang !== undefined;
  await stage.begin({
    poke: call.poke ?? "annotation",
    ...(hangs ? { patience: patience.hanging } : {}),
  });
  stage.world.choose(call.scenario ?? "success");
  // A watch lists what a look lists, and would meet the fault in its place, where nobody sees it.
  stage.seen.isWatching = call.port !== "kubernetes" || call.manner !== "again";
  const { fault: kind } = trouble;
  const standIn = call.to(stage);
  let isMet: () => boolean;
  let arm: () => void;
  if (kind === "gone") {
    const outage = { of: standIn, at: call.during, times: trouble.times };
    isMet = () => outage.times < trouble.times;
    arm = () => void (stage.seen.outage = outage);
  } else {
    const times = trouble.times + (call.courtesies ?? 0);
    const fault = faultOf(call, kind, times);
    isMet = () => fault.times < times;
    arm = () => void standIn.faults.push(fault);
  }
  const ending = await play(stage, call.from === "approval" ? { approved: arm } : { asked: arm });
  const verdict = judge(stage, ending, expect(call, trouble));
  const problems = [...(isMet() ? [] : ["it was never met"]), ...verdict.problems];
  return { ...verdict, problems };
}

function expect(call: Call, trouble: Trouble): Expectation {
  const ends = [trouble.ends ?? call.ends ?? "live"];
  // What a service says is wrong stays wrong: an end, but with its cause.
  if (trouble.refuses === true && call.manner === "again")
    ends.push("failed: service-refused", "failed: run-not-started");
  if (trouble.absent === true && call.absent !== undefined) ends.push(call.absent);
  // Nobody needs to wait for a proposal longer than for an approval.
  if (trouble.ends === "failed: service-unreachable") ends.push("expired");
  // The only double that there may be: a card whose post was in doubt. A reply in doubt is not said again: the card shows the
  // same (docs/reliability.md).
  const cardInDoubt = call.name === "post the card" && trouble.refuses !== true;
  const replyInDoubt = cardInDoubt || call.name === "post a reply";
  return {
    ends,
    counts: {
      ...(cardInDoubt ? { cards: [1, 2] as const } : {}),
      ...(replyInDoubt ? { ends: [0, 1] as const } : {}),
    },
    ...(call.manner === "again" ? { asks: trouble.asks ?? 0 } : {}),
    ...(trouble.silent === undefined ? {} : { silent: trouble.silent }),
    ...(trouble.ends === undefined ? {} : { why: /403|502/ }),
  };
}

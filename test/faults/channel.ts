import type { Fault } from "../../sandbox/stand-in.ts";
import type { Cell } from "./cell.ts";
import { answer, forEver } from "./faults.ts";
import { told, type Tale } from "./tale.ts";

const post = { method: "POST", path: "/activities$" };
const edit = { method: "PUT", path: "/activities/" };

interface Story extends Pick<Tale, "call" | "fault" | "ends" | "counts"> {
  readonly trouble: Fault;
  readonly from?: "approval";
}

/** A channel that omnibot cannot speak in any more: it goes on with what was decided, and gives up speaking. */
const stories: readonly Story[] = [
  {
    call: "post the card",
    fault: "403 for good",
    trouble: { ...post, ...answer(403), times: forEver },
    ends: ["expired"],
    counts: { cards: [0, 0], ends: [0, 0] },
  },
  {
    call: "post the card",
    fault: "400 for good",
    trouble: { ...post, ...answer(400), times: forEver },
    ends: ["expired"],
    counts: { cards: [0, 0], ends: [0, 0] },
  },
  {
    call: "edit the card",
    fault: "403 for good",
    trouble: { ...edit, ...answer(403), times: forEver },
    ends: ["expired"],
    counts: { ends: [0, 1] },
  },
  {
    call: "edit the card",
    fault: "403 for good, from the approval",
    trouble: { ...edit, ...answer(403), times: forEver },
    from: "approval",
    ends: ["live"],
    counts: { ends: [0, 1] },
  },
  {
    call: "edit the card",
    fault: "404 six times",
    trouble: { ...edit, ...answer(404), times: 6 },
    ends: ["live"],
    counts: { cards: [1, 2] },
  },
  {
    call: "edit the card",
    fault: "404 for good",
    trouble: { ...edit, ...answer(404), times: forEver },
    ends: ["live"],
    counts: { cards: [1, 4] },
  },
  {
    call: "edit the card",
    fault: "400 for good, from the approval",
    trouble: { ...edit, ...answer(400), times: forEver },
    from: "approval",
    ends: ["live"],
  },
  {
    call: "edit the card",
    fault: "502 twelve times, from the approval",
    trouble: { ...edit, ...answer(502), times: 12 },
    from: "approval",
    ends: ["live"],
  },
];

/** However long a channel is shut, omnibot knocks no more often than this. */
const mostKnocks = 60;

export const channelCells: readonly Cell[] = stories.map(({ trouble, from, ...story }) => {
  const { times } = trouble;
  let before = 0;
  const knocks = (all: readonly { method: string; path: string }[]) =>
    all.filter((one) => one.method === trouble.method && new RegExp(trouble.path).test(one.path))
      .length;
  return told({
    port: "teams",
    ...story,
    prepare(stage) {
      stage.seen.passes = /watching for a while$|Waits for one approval/;
      trouble.times = times;
      before = knocks(stage.teams.journal);
      const arm = () => void stage.teams.faults.push(trouble);
      if (story.ends.includes("live")) stage.seen.passes = /watching for a while$/;
      return from === "approval" ? { approved: arm } : { asked: arm };
    },
    isMet: () => trouble.times < times,
    check(stage) {
      const count = knocks(stage.teams.journal) - before;
      return count > mostKnocks ? [`it knocked ${count} times`] : [];
    },
  });
});

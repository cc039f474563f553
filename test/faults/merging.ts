import type { Fault } from "../../sandbox/stand-in.ts";
import type { Cell } from "./cell.ts";
import { answer, forEver } from "./faults.ts";
import { told } from "./tale.ts";

const modified = "Base branch was modified. Review and try the merge again.";
const asynchronous = { method: "PUT", path: "/merge-async$" };
const synchronous = { method: "PUT", path: "/merge$" };
/** GitHub Enterprise Server does not have it. */
const without: Fault = { ...asynchronous, ...answer(404, {}, "Not Found"), times: forEver };

interface Refusal {
  readonly fault: string;
  readonly faults: readonly Fault[];
  readonly asks?: number;
}

/** What GitHub answers to a merge although nothing is wrong with it, or with how often somebody asks. */
const refusals: readonly Refusal[] = [
  {
    fault: "405, base branch modified",
    faults: [{ ...asynchronous, ...answer(405, {}, modified), times: 2 }],
  },
  {
    fault: "409, base branch modified",
    faults: [{ ...asynchronous, ...answer(409, {}, modified), times: 2 }],
  },
  { fault: "old API", faults: [without] },
  {
    fault: "old API, 405, base branch modified",
    faults: [without, { ...synchronous, ...answer(405, {}, modified), times: 2 }],
  },
  {
    fault: "old API, 409, head modified",
    faults: [
      without,
      {
        ...synchronous,
        ...answer(409, {}, "Head branch was modified. Review and try the merge again."),
        times: 2,
      },
    ],
  },
  {
    fault: "old API, reset after its effect",
    faults: [without, { ...synchronous, reset: "after", times: 1 }],
  },
  {
    fault: "secondary rate limit",
    faults: [
      {
        ...asynchronous,
        ...answer(403, { "retry-after": "60" }, "You have exceeded a secondary rate limit."),
        times: 1,
      },
    ],
    asks: 60_000,
  },
  {
    fault: "primary rate limit",
    faults: [
      {
        ...asynchronous,
        get answer() {
          const now = Date.now();
          return {
            status: 403,
            headers: {
              "content-type": "application/json",
              date: new Date(now).toUTCString(),
              "x-ratelimit-remaining": "0",
              "x-ratelimit-reset": String(Math.ceil(now / 1000) + 40),
            },
            body: JSON.stringify({ message: "API rate limit exceeded for installation." }),
          };
        },
        times: 1,
      },
    ],
    asks: 39_000,
  },
];

export const mergeCells: readonly Cell[] = refusals.map(({ fault, faults, asks }) => {
  const initial = faults.map(({ times }) => times);
  return told({
    port: "github",
    call: "merge",
    fault,
    ends: ["live"],
    ...(asks === undefined ? {} : { asks }),
    prepare(stage) {
      faults.forEach((one, i) => (one.times = initial[i] ?? 0));
      return { approved: () => void stage.world.github.standIn.faults.push(...faults) };
    },
    isMet: () => faults.every((one, i) => one.times < (initial[i] ?? 0)),
  });
});

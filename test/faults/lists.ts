import type { Fault } from "../../sandbox/stand-in.ts";
import { calls, type Call } from "./calls.ts";
import type { Cell } from "./cell.ts";
import { page, type Misdeed } from "./faults.ts";
import { patience } from "./stage.ts";
import { told } from "./tale.ts";

/** So many times the list is as it was before. */
const lag = 3;

/** Lists and reads that may be behind, with the write that they do not show yet; `often`: also asked for again when all is well. */
const behind: readonly { readonly read: string; readonly write?: string; readonly often?: true }[] =
  [
    { read: "list runs", write: "start a run" },
    { read: "find branch", write: "create branch" },
    { read: "file", write: "commit", often: true },
    { read: "find branch", write: "commit", often: true },
    { read: "list pull requests", write: "open pull request" },
    { read: "read pull request", write: "merge", often: true },
    { read: "get HelmRelease", often: true },
    { read: "get Kustomization", often: true },
    { read: "list Deployments", often: true },
    { read: "list pods", often: true },
  ];

const losses: Readonly<Record<string, Misdeed>> = {
  "502": { answer: { status: 502, ...page, after: true } },
  reset: { reset: "after" },
  "no answer": { hang: "after" },
};

/** Lists that lag behind, alone and together with a lost answer: then nothing but patience keeps a second one from being made. */
export const listCells: readonly Cell[] = behind.flatMap(({ read: name, write: of, often }) => {
  const read = named(name);
  // What is asked for once while all is well cannot be behind then.
  const alone = often === true ? [lagging(read, undefined, "lags", undefined)] : [];
  if (of === undefined) return alone;
  const write = named(of);
  const lost = Object.entries(losses).map(([what, loss]) =>
    lagging(read, write, `${what} after its effect, ${name} lags`, loss),
  );
  return [...alone, ...lost];
});

function lagging(
  read: Call,
  write: Call | undefined,
  fault: string,
  loss: Misdeed | undefined,
): Cell {
  const faults: Fault[] = [
    { method: read.method, path: read.path, ...queryOf(read), stale: true, times: lag + 1 },
  ];
  if (write !== undefined)
    faults.push({ ...loss, method: write.method, path: write.path, times: 1 });
  const initial = faults.map(({ times }) => times);
  return told({
    port: (write ?? read).port,
    call: (write ?? read).name,
    fault,
    ends: ["live"],
    ...(loss?.hang === undefined
      ? {}
      : { setup: { poke: "annotation", patience: patience.hanging } as const }),
    form: write === undefined ? "chosen" : loss === losses["502"] ? "always" : "full",
    prepare(stage) {
      stage.seen.isWatching = false;
      faults.forEach((one, i) => (one.times = initial[i] ?? 0));
      return { approved: () => void read.to(stage).faults.push(...faults) };
    },
    // Behind by one look at least.
    isMet: () =>
      faults.every((one, i) => one.times < (initial[i] ?? 0) - (one.stale === true ? 1 : 0)),
  });
}

function queryOf({ query }: Call): { readonly query?: string } {
  return query === undefined ? {} : { query };
}

function named(name: string): Call {
  const call = calls.find((one) => one.name === name);
  if (call === undefined) throw new Error(`there is no call ${name}`);
  return call;
}

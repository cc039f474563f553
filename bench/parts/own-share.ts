import type { Part } from "../part.ts";
import { startStage, type Stage } from "../stage.ts";
import { median, spread } from "../statistics.ts";

/** Everything outside takes next to no time. */
const speed = 100;

/** Of whole deployments, the time that is neither spent in services nor in waits that a step wants. */
export const ownShare: Part = {
  name: "own-share",
  title: "whole deployments where nothing outside takes time: what is left is omnibot's own",
  async measure(run) {
    const stage = await startStage({ folder: run.folder, speed, helmPatience: 12 });
    try {
      const found: Share[] = [];
      const count = run.short ? 1 : 6;
      for (let i = 0; i < count + 1; i += 1) {
        const share = await deployOnce(stage);
        // The first one loads and compiles what the others use.
        if (i > 0 || run.short) found.push(share);
      }
      return told(found);
    } finally {
      await stage.close();
    }
  },
};

interface Share {
  readonly total: number;
  readonly outside: number;
  readonly waited: number;
  readonly own: number;
  readonly looks: number;
  readonly cpu: number;
}

async function deployOnce(stage: Stage): Promise<Share> {
  const before = stage.saves.length;
  const { approvedAt } = await stage.deploy("production");
  const { cpu } = await stage.measure();
  const mine = () => stage.saves.slice(before);
  const asked = mine().findLast(({ at }) => at <= approvedAt);
  const end = await stage.until(
    "the end",
    ({ state, at }) => at > approvedAt && state !== "active",
  );
  if (end.state !== "live") throw new Error(`the deployment is ${end.state}`);
  const { cpu: after } = await stage.measure();
  const total = end.at - approvedAt;
  const outside = end.outside - (asked?.outside ?? 0);
  // What it waited for people before the approval is not part of it.
  const first = mine().find(({ at }) => at > approvedAt);
  const waited = end.waited - (first?.waited ?? 0);
  return {
    total,
    outside,
    waited,
    own: total - outside - waited,
    looks: end.looks - (asked?.looks ?? 0),
    cpu: after - cpu,
  };
}

function told(found: readonly Share[]) {
  const of = (name: keyof Share) => found.map((share) => share[name]);
  const titles: Readonly<Record<keyof Share, string>> = {
    total: "from the approval to live (ms)",
    outside: "of it, in calls of services (ms)",
    waited: "of it, in waits that steps want: soak, health, a run (ms)",
    own: "of it, omnibot's own (ms)",
    looks: "looks",
    cpu: "CPU of the process meanwhile (ms)",
  };
  const names = Object.keys(titles) as (keyof Share)[];
  const rows = names.map((name) => {
    const { p50, p95 } = spread(of(name));
    return [titles[name], p50, p95] as const;
  });
  const figures = Object.fromEntries(names.map((name) => [titles[name], median(of(name))]));
  return {
    tables: [
      { title: `Own share, ${found.length} deployments`, columns: ["", "p50", "p95"], rows },
    ],
    figures,
    goals: [{ what: "omnibot's own share", found: median(of("own")), most: 1000, unit: "ms" }],
  };
}

import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { sandboxToken } from "../../sandbox/github/github.ts";
import { neverOutlive } from "../../sandbox/child.ts";
import { startWorld, type World } from "../../sandbox/world.ts";
import type { Part, Run } from "../part.ts";
import { now, startStage, type Stage } from "../stage.ts";
import { short, spread } from "../statistics.ts";
import type { Saved } from "../told.ts";
import { witness, type Events, type Happened } from "../witness.ts";

/** How many times as fast as in life the world is; where somebody polls, their pauses are shorter by as much, and what is found is told in life's time. */
const speed = 10;
/** Of the script, in life's seconds: as Kargo's default is, and a third of it. */
const pollEvery = 10;
const environments = ["production", "staging", "testing"];

const happenings: Readonly<Record<Happened, string>> = {
  run: "a run is completed",
  merge: "a pull request is merged",
  ready: "the last pod is ready",
  release: "Helm has released",
  failing: "a pod cannot start",
};
const names = Object.keys(happenings) as Happened[];

/** What the row shows once omnibot has noticed. */
const noticed: Readonly<Record<Happened, (saved: Saved) => boolean>> = {
  run: ({ done }) => done.includes("build"),
  merge: ({ done }) => done.includes("merge-change"),
  ready: ({ podsReady }) => podsReady,
  release: ({ released }) => released,
  failing: ({ suspicion }) => suspicion,
};

/** Milliseconds in all, and without what services took to answer. */
interface Taken {
  readonly whole: number;
  readonly own: number;
}

type Times = Record<Happened, Taken[]>;

/** From an event outside until omnibot's next effect or card is due. */
export const reaction: Part = {
  name: "reaction",
  title: "from an event outside to what omnibot does next, beside a script",
  async measure(run) {
    const rounds = run.short ? 1 : 4;
    const pushed = await watch(run, "pushed", rounds);
    const polled = run.short ? undefined : await watch(run, "polled", rounds);
    const script = await scriptTimes(run, run.short ? 1 : rounds);
    return told(pushed, polled, script);
  },
};

async function watch(run: Run, how: "pushed" | "polled", rounds: number): Promise<Times> {
  const clockSpeed = how === "polled" ? speed : 1;
  run.note(`omnibot, ${how}`);
  const stage = await startStage({
    folder: join(run.folder, how),
    speed,
    environments,
    helmPatience: 12,
    clockSpeed,
    watch: how === "pushed",
    hooks: how === "pushed",
  });
  const times = empty();
  const seen = witness(stage.world);
  try {
    // What is loaded and compiled at first is no reaction.
    if (!run.short) await Promise.all(environments.map((name) => reactOnce(stage, seen, name)));
    for (let round = 0; round < rounds; round += 1) {
      const failing = round === rounds - 1;
      stage.world.choose(failing && !run.short ? "image-cannot-be-pulled" : "success");
      const found = await Promise.all(environments.map((name) => reactOnce(stage, seen, name)));
      for (const name of names) {
        for (const one of found) {
          const taken = one[name];
          if (taken === undefined) continue;
          times[name].push({ whole: taken.whole * clockSpeed, own: taken.own * clockSpeed });
        }
      }
    }
    return times;
  } finally {
    seen.stop();
    await stage.close();
  }
}

async function reactOnce(
  stage: Stage,
  seen: Events,
  environment: string,
): Promise<Partial<Record<Happened, Taken>>> {
  const before = now();
  const { approvedAt } = await stage.deploy(environment);
  await stage.until(
    `the end in ${environment}`,
    (saved) =>
      saved.environment === environment && saved.at > approvedAt && saved.state !== "active",
  );
  const saves = stage.saves.filter((one) => one.environment === environment && one.at > before);
  const found: Partial<Record<Happened, Taken>> = {};
  for (const name of names) {
    const at = seen.first(name, environment, before);
    const answer = at === undefined ? undefined : saves.find((one) => noticed[name](one));
    // Seen on the way, before it was complete: no reaction to this very event.
    if (at === undefined || answer === undefined || answer.at < at) continue;
    // How long services think about their answers is theirs; here they share the machine with omnibot.
    const whole = answer.at - at;
    found[name] = { whole, own: Math.max(0, whole - answer.services) };
  }
  return found;
}

/** undefined where a tool is missing. */
async function scriptTimes(run: Run, rounds: number): Promise<Times | undefined> {
  const missing = ["bash", "curl", "jq", "kubectl"].filter(
    (tool) => spawnSync("which", [tool]).status !== 0,
  );
  if (missing.length > 0) {
    run.note(`without the script: there is no ${missing.join(", ")} here`);
    return undefined;
  }
  run.note("the script");
  const world = await startWorld({
    folder: join(run.folder, "script"),
    speed,
    environments,
    helmPatience: 12,
  });
  const seen = witness(world);
  const times = empty();
  try {
    for (let round = 0; round < rounds; round += 1) {
      const lanes = run.short ? environments.slice(0, 1) : environments;
      await Promise.all(lanes.map((name) => scriptOnce(world, seen, name, times)));
    }
    return times;
  } finally {
    seen.stop();
    await world.close();
  }
}

async function scriptOnce(
  world: World,
  seen: Events,
  environment: string,
  times: Times,
): Promise<void> {
  const before = now();
  world.azureDevOps.pushCommit({ message: `Change for ${environment}`, author: "Lee Gu" });
  const child = spawn("bash", [join(import.meta.dirname, "../reaction.sh")], {
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: process.env["HOME"] ?? "",
      KUBECONFIG: world.environment["KUBECONFIG"] ?? "",
      PROJECT: `${world.azureDevOps.url}/OmniSpatial`,
      AZURE_TOKEN: "sandbox-pat",
      REPOSITORY: `${world.github.url}/repos/omnispatial/gitops`,
      GITHUB_TOKEN: sandboxToken,
      ENVIRONMENT: environment,
      NAMESPACE: environment === "production" ? "omnispatial" : `omnispatial-${environment}`,
      POLL: String(pollEvery / speed),
    },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 120_000,
  });
  neverOutlive(child);
  const marks = new Map<string, number>();
  for await (const line of createInterface({ input: child.stdout })) {
    const [name = "", at = ""] = line.split(" ");
    marks.set(name, Number(at) * 1000);
  }
  if (!marks.has("release")) throw new Error(`the script ended early in ${environment}`);
  for (const name of names) {
    const at = seen.first(name, environment, before);
    const answer = marks.get(name);
    if (at === undefined || answer === undefined || answer < at) continue;
    // kubectl watches in real time; everything else is polled in shorter pauses.
    const whole = (answer - at) * (name === "ready" ? 1 : speed);
    times[name].push({ whole, own: whole });
  }
}

function empty(): Times {
  return { run: [], merge: [], ready: [], release: [], failing: [] };
}

function told(pushed: Times, polled: Times | undefined, script: Times | undefined) {
  const of = (times: Times | undefined, name: Happened, which: keyof Taken) =>
    (times?.[name] ?? []).map((taken) => taken[which]);
  const cells = (values: readonly number[]) => {
    if (values.length === 0) return ["-", "-"];
    const { p50, p99 } = spread(values);
    return [short(p50), short(p99)];
  };
  const rows = names.map((name) => [
    happenings[name],
    ...cells(of(pushed, name, "own")),
    ...cells(of(pushed, name, "whole")),
    ...cells(of(polled, name, "whole")),
    ...cells(of(script, name, "whole")),
  ]);
  const figures: Record<string, number> = {};
  const note = (what: string, values: readonly number[]) => {
    if (values.length === 0) return;
    figures[`${what}, p50 (ms)`] = spread(values).p50;
    figures[`${what}, p99 (ms)`] = spread(values).p99;
  };
  for (const name of names) {
    note(`pushed, without services: ${happenings[name]}`, of(pushed, name, "own"));
    note(`pushed: ${happenings[name]}`, of(pushed, name, "whole"));
    note(`polling: ${happenings[name]}`, of(polled, name, "whole"));
    note(`script: ${happenings[name]}`, of(script, name, "whole"));
  }
  const all = names.flatMap((name) => of(pushed, name, "own"));
  const goals = [
    { what: "pushed, all events, p50", found: spread(all).p50, most: 50, unit: "ms" },
    { what: "pushed, all events, p99", found: spread(all).p99, most: 500, unit: "ms" },
    ...names
      .filter((name) => (polled?.[name].length ?? 0) > 0 && (script?.[name].length ?? 0) > 0)
      .map((name) => ({
        what: `polling alone beside the script, ${happenings[name]}, p50`,
        found: spread(of(polled, name, "whole")).p50,
        most: spread(of(script, name, "whole")).p50,
        unit: "ms",
      })),
  ];
  const columns = [
    "event",
    "pushed p50 (ms)",
    "p99",
    "with services p50",
    "p99",
    "polling p50",
    "p99",
    "script p50",
    "p99",
  ];
  return { tables: [{ title: "Reaction", columns, rows }], figures, goals };
}

import type { Fault, JournalEntry } from "../../sandbox/stand-in.ts";
import { changesOf } from "./git.ts";
import type { Story } from "./harness.ts";

/** From the start to the next thing that omnibot does, in milliseconds: half of a lease of the dead, which must not be waited for. */
const promptly = 15_000;

/** A request of omnibot to a stand-in. */
export interface Moment {
  readonly at: { readonly faults: Fault[]; readonly journal: readonly JournalEntry[] };
  readonly method: string;
  /** A regular expression. */
  readonly path: string;
}

/**
 * At each of these requests, in order: does what it asks, ends omnibot before it has the answer, starts it again, and sees
 * that it goes on at once. `begin` sets it all going.
 */
export async function killAtEach(
  story: Story,
  moments: readonly Moment[],
  begin: () => Promise<unknown>,
): Promise<void> {
  const planned = moments.map(({ at, method, path }) => {
    const fault: Fault = { method, path, times: 1, hang: "after" };
    at.faults.push(fault);
    return { name: `${method} ${path}`, fault, effects: () => effectsOf(at.journal, fault) };
  });
  const before = planned.map(({ effects }) => effects());
  await begin();
  for (const [i, { name, fault, effects }] of planned.entries()) {
    await story.until(name, () => fault.times === 0 && effects() > (before[i] ?? 0));
    await story.kill();
    const lines = story.audit().length;
    await story.restart();
    const goesOn = () => story.audit().length > lines || planned[i + 1]?.fault.times === 0;
    await story.until(`omnibot to go on after ${name}`, goesOn, promptly);
  }
}

/**
 * At each of these requests, in order: ends omnibot while the request is on its way, starts it again, and lets the request
 * arrive only then, `late` milliseconds after it was sent.
 */
export async function killBeforeEach(
  story: Story,
  moments: readonly Moment[],
  late: number,
  begin: () => Promise<unknown>,
): Promise<void> {
  const faults = moments.map(({ at, method, path }) => {
    const fault: Fault = { method, path, times: 1, delay: late };
    at.faults.push(fault);
    return fault;
  });
  await begin();
  for (const fault of faults) {
    await story.until(`${fault.method} ${fault.path}`, () => fault.times === 0);
    await story.kill();
    await story.restart();
  }
}

function effectsOf(journal: readonly JournalEntry[], { method, path }: Fault): number {
  const wanted = new RegExp(path);
  const isWanted = (one: JournalEntry) =>
    one.method === method && wanted.test(one.path.split("?")[0] ?? "");
  return journal.filter(isWanted).length;
}

/** Waits for the end, and counts what there is of everything that must be there once. */
export async function countAtEnd(story: Story): Promise<Readonly<Record<string, number>>> {
  await story.waitFor("@Alex Wilber production-40672 is live");
  return {
    ...changesOf(story.world),
    runs: story.world.azureDevOps.runs.length,
    cards: story.cards().length,
    results: story.threadText().split("@Alex Wilber production-40672 is live").length - 1,
    requests: story.audit().filter(({ action }) => action === "requested").length,
  };
}

export const oneOfEverything = {
  runs: 1,
  branches: 1,
  pullRequests: 1,
  merges: 1,
  cards: 1,
  results: 1,
  requests: 1,
};

import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../crash/random.ts";
import { lease, type Fleet, type Replica } from "./fleet.ts";

const troubles = [
  "kill",
  "kill whoever works",
  "end",
  "freeze",
  "freeze whoever works",
  "cut from the database",
  "hang from the database",
  "cut all from the database",
  "clock jumps",
] as const;
type Trouble = (typeof troubles)[number];

/** What befell the replicas: how often each trouble, and what took too long. */
export interface Troubled {
  readonly counts: ReadonlyMap<string, number>;
  /** How long each replica needed to end when it was asked to, in milliseconds. */
  readonly ends: readonly number[];
}

/** Between two troubles, in milliseconds. */
const pause = { least: 300, spread: 1500 };
/** So long is longer than a lease, and than any patience with the network. Milliseconds. */
const long = lease + 3000;

/** One trouble after the other befalls a replica, or the network of all, until the signal; then all are well again. */
export async function makeTrouble(
  fleet: Fleet,
  environments: readonly string[],
  random: Random,
  signal: AbortSignal,
  tell: (what: string) => void,
): Promise<Troubled> {
  const counts = new Map<Trouble, number>(troubles.map((trouble) => [trouble, 0]));
  const ends: number[] = [];
  const bag: Trouble[] = [];

  async function befall(trouble: Trouble, replica: Replica): Promise<void> {
    switch (trouble) {
      case "kill":
      case "kill whoever works":
        await replica.kill();
        return replica.start();
      case "end":
        ends.push(await replica.end());
        return replica.start();
      case "freeze":
      case "freeze whoever works":
        replica.freeze();
        await delay(long);
        return replica.thaw();
      case "cut from the database":
        replica.link.cut();
        await delay(long / 2);
        return replica.link.mend();
      case "hang from the database":
        replica.link.hang();
        await delay(long);
        return replica.link.mend();
      case "cut all from the database":
        for (const { link } of fleet.replicas) link.cut();
        await delay(long / 2);
        for (const { link } of fleet.replicas) link.mend();
        return;
      case "clock jumps":
        return replica.jump();
    }
  }

  while (!signal.aborted) {
    await delay(pause.least + random.below(pause.spread));
    if (bag.length === 0) bag.push(...troubles);
    const [trouble = "kill"] = bag.splice(random.below(bag.length), 1);
    const holder = trouble.endsWith("whoever works")
      ? await busy(fleet, random.pick(environments))
      : undefined;
    const replica = holder ?? random.pick(fleet.replicas);
    if (replica === undefined || signal.aborted) continue;
    tell(`${trouble} ${replica.name}`);
    // One that fell by itself is started again as its platform would; the fall is counted.
    if (!replica.up) await replica.start();
    counts.set(trouble, (counts.get(trouble) ?? 0) + 1);
    await befall(trouble, replica);
  }
  return { counts, ends };
}

/** Whoever works on the environment next, if somebody does soon. */
async function busy(fleet: Fleet, environment = ""): Promise<Replica | undefined> {
  for (let look = 0; look < 100; look += 1) {
    const holder = await fleet.holderOf(environment);
    if (holder !== undefined) return holder;
    await delay(20);
  }
  return undefined;
}

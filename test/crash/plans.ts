import type { Kill } from "./keeper.ts";
import type { Blow, Point } from "./orders.ts";
import { createRandom } from "./random.ts";
import type { Kind, StoryPlan } from "./story-plan.ts";

/**
 * What changes something, in the ledger or in the world. Of everything else it matters little at which of many looks the
 * process ends.
 */
const writes =
  /ledger\.(create|approve|reject|audit|intend|settle|forget|save|moveMark)|interventions\.|threads\.(keep|release)|conversations\.|(start|cancel)Run|gitops\.(create|commit|open|merge|close|delete)|cluster\.poke/;

/** Every point that a whole story passed, in order; of what is asked again and again, the first, middle and last time. */
export function pointsOf(passed: readonly string[]): readonly Point[] {
  const seen = new Map<string, number>();
  for (const at of passed) seen.set(at, (seen.get(at) ?? 0) + 1);
  const counted = new Map<string, number>();
  return passed.flatMap((at) => {
    const occurrence = (counted.get(at) ?? 0) + 1;
    counted.set(at, occurrence);
    const all = seen.get(at) ?? 0;
    const wanted = isWrite({ at }) || [1, Math.ceil(all / 2), all].includes(occurrence);
    return wanted ? [pointAt(at, occurrence)] : [];
  });
}

export function pointAt(at: string, occurrence = 1, blow: Blow = "kill"): Point {
  return { at, occurrence, blow };
}

export function isWrite({ at }: Pick<Point, "at">): boolean {
  return writes.test(at);
}

/** One story for each point, with one blow in it. */
export function onePerStory(kind: Kind, points: readonly Point[]): readonly StoryPlan[] {
  return points.map((point) => ({ name: nameOf(point), kind, kills: [point] }));
}

/**
 * The same points in fewer stories: each story has some of them, as far from each other as they can be, in the order in which
 * they are passed.
 */
export function severalPerStory(
  kind: Kind,
  points: readonly Point[],
  perStory: number,
): readonly StoryPlan[] {
  const stories = Math.ceil(points.length / perStory);
  return Array.from({ length: stories }, (_, first) => {
    // Counted anew after every kill: what a first process did, its successor may not do again.
    const kills = points.filter((_point, i) => i % stories === first).map(({ at }) => pointAt(at));
    return { name: kills.map(nameOf).join(", "), kind, kills };
  });
}

/** A process is killed in the middle of a story, and so is each that would go on, a little later in its start. */
export function restarts(kind: Kind, at: string, starts: readonly Point[]): StoryPlan {
  return { name: `${at}, and every start`, kind, kills: [pointAt(at), ...starts] };
}

/**
 * The points at which an owner that became stale could do harm: around what it decides, intends, acts, records, saves, posts
 * or draws; `common` are those of a deployment, which other kinds of story need not repeat. In a story of its own each, since
 * such a story waits for leases.
 */
export function stalePlans(
  kind: Kind,
  points: readonly Point[],
  common: ReadonlySet<string>,
): readonly StoryPlan[] {
  const harmful =
    /^before (ledger\.(approve|reject|intend|settle|save|moveMark)|interventions\.|pipelines\.(start|cancel)Run|gitops\.(create|commit|open|merge|close|delete)|cluster\.poke|threads\.|conversations\.)|^after (ledger\.intend|threads\.(claim|keep))/;
  const chosen = points.filter(
    ({ at, occurrence }) => occurrence === 1 && harmful.test(at) && !common.has(at),
  );
  return (["hold", "stop"] as const).flatMap((blow) =>
    onePerStory(
      kind,
      chosen.map(({ at }) => pointAt(at, 1, blow)),
    ),
  );
}

/** Every n-th, beginning with one that the seed chooses. */
export function sample<Item>(items: readonly Item[], every: number, seed: number): readonly Item[] {
  return items.filter((_, i) => (i + seed) % every === 0);
}

/** Between two kills, at most, in milliseconds: a whole story takes about six seconds. */
const longest = 3000;

/** A story with some kills at random times and random points; the same for the same seed and number. */
export function randomStory(
  seed: number,
  number: number,
  points: Readonly<Record<Kind, readonly Point[]>>,
): StoryPlan {
  const random = createRandom(seed * 100_003 + number);
  // Deployments and rollbacks take turns; every fifth request is rejected.
  const kind = number % 5 === 4 ? "reject" : number % 2 === 0 ? "deploy" : "rollback";
  const count = kind === "reject" ? 2 + random.below(2) : 4 + random.below(5);
  const places = Array.from({ length: count }, () => random.below(points[kind].length));
  const kills = places
    .toSorted((a, b) => a - b)
    .map((place): Kill => {
      const point = points[kind][place];
      if (point === undefined || random.next() < 0.5) return { after: random.below(longest) };
      return pointAt(point.at);
    });
  return { name: `seed ${seed}, story ${number}: ${kills.map(nameOf).join(", ")}`, kind, kills };
}

export function nameOf(kill: Kill): string {
  if ("after" in kill) return `after ${kill.after} ms`;
  const name = kill.occurrence === 1 ? kill.at : `${kill.at}#${kill.occurrence}`;
  return kill.blow === "kill" ? name : `${kill.blow} ${name}`;
}

import type { Kill } from "./keeper.ts";
import type { Point } from "./orders.ts";
import { createRandom } from "./random.ts";
import type { Kind, StoryPlan } from "./story-plan.ts";

/**
 * What changes something, in the ledger or in the world. Of everything else it matters little at which of many looks the
 * process ends.
 */
const writes =
  /ledger\.(create|approve|reject|intend|settle|forget|save|remember)|threads\.(keep|release)|conversations\.|startRun|gitops\.(create|commit|open|merge|delete)|cluster\.poke/;

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
    return wanted ? [{ at, occurrence }] : [];
  });
}

export function isWrite({ at }: Pick<Point, "at">): boolean {
  return writes.test(at);
}

/** One story for each point, with one kill, or one hold, in it. */
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
    const kills = points
      .filter((_point, i) => i % stories === first)
      .map(({ at }) => ({ at, occurrence: 1 }));
    return { name: kills.map(nameOf).join(", "), kind, kills };
  });
}

/** Longer than a lease (short-leases.ts), in milliseconds. */
const stale = 6000;

/**
 * The points at which an owner that became stale could do harm: before it decides, intends, acts, or saves. In a story of its
 * own each, since such a story waits for leases.
 */
export function holdsOf(points: readonly Point[]): readonly Point[] {
  const harmful =
    /^before (ledger\.(approve|intend|settle|save)|pipelines\.startRun|gitops\.(create|commit|open|merge))/;
  return points
    .filter(({ at, occurrence }) => occurrence === 1 && harmful.test(at))
    .map((point) => ({ ...point, hold: stale }));
}

/** Every n-th, beginning with one that the seed chooses. */
export function sample(points: readonly Point[], every: number, seed: number): readonly Point[] {
  return points.filter((_, i) => (i + seed) % every === 0);
}

/** Between two kills, at most, in milliseconds: a whole story takes about six seconds. */
const longest = 4000;

/** A story with some kills at random times and random points; the same for the same seed and number. */
export function randomStory(
  seed: number,
  number: number,
  points: Readonly<Record<Kind, readonly Point[]>>,
): StoryPlan {
  const random = createRandom(seed * 100_003 + number);
  const kind: Kind = number % 2 === 0 ? "deploy" : "rollback";
  const count = 2 + random.below(4);
  const places = Array.from({ length: count }, () => random.below(points[kind].length));
  const kills = places
    .toSorted((a, b) => a - b)
    .map((place): Kill => {
      const point = points[kind][place];
      if (point === undefined || random.next() < 0.5) return { after: random.below(longest) };
      return { at: point.at, occurrence: 1 };
    });
  return { name: `seed ${seed}, story ${number}: ${kills.map(nameOf).join(", ")}`, kind, kills };
}

function nameOf(kill: Kill): string {
  if ("after" in kill) return `after ${kill.after} ms`;
  if (kill.hold !== undefined) return `held ${kill.at}`;
  return kill.occurrence === 1 ? kill.at : `${kill.at}#${kill.occurrence}`;
}

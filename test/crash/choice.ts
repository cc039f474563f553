import { blows, type Point } from "./orders.ts";
import {
  isWrite,
  onePerStory,
  pointAt,
  restarts,
  sample,
  severalPerStory,
  stalePlans,
} from "./plans.ts";
import type { Traced, Work } from "./run.ts";
import { kinds, type Kind, type StoryPlan } from "./story-plan.ts";
import type { Store } from "./witness.ts";

export const suites = ["starts", "points", "stale", "random"] as const;

export interface ChoiceOptions {
  readonly store: Store;
  readonly full: boolean;
  readonly seed: number;
  /** A point's name, with its blow before it. */
  readonly only: string | undefined;
  readonly suites: readonly string[];
  /** `2/3` is the second of three parts. */
  readonly part: string;
}

interface Choice {
  readonly firstStarts: readonly Point[];
  readonly stories: readonly Work[];
}

/** What is told of all that can be struck: everything, or as much as fits into some minutes. */
export function createChoice(options: ChoiceOptions): (traced: Traced) => Choice {
  const { store, full, seed, only } = options;
  const [part = 1, parts = 1] = options.part.split("/").map(Number);
  const ofPart = <Item>(items: readonly Item[]) => items.filter((_, i) => i % parts === part - 1);
  const wants = (suite: (typeof suites)[number]) => options.suites.includes(suite);
  const work = (suite: string, plans: readonly StoryPlan[], strict = false) =>
    plans.map((plan): Work => ({ suite: `${store} ${suite}`, plan, strict }));

  function atPoints(kind: Kind, points: readonly Point[]): readonly StoryPlan[] {
    const named = points.filter(({ occurrence }) => occurrence === 1);
    if (full) {
      const later = points.filter(({ occurrence }) => occurrence > 1);
      return [...severalPerStory(kind, named, 2), ...onePerStory(kind, later)];
    }
    const written = named.filter(isWrite);
    const read = named.filter((point) => !isWrite(point));
    return severalPerStory(kind, inOrder(named, [...written, ...sample(read, 12, seed)]), 5);
  }

  function stale(kind: Kind, points: readonly Point[]): readonly StoryPlan[] {
    const plans = stalePlans(kind, points);
    if (full) return plans;
    return sample(plans, kind === "deploy" ? 9 : 15, seed + (store === "sqlite" ? 0 : 4));
  }

  return ({ points, starts, firstStart }) => {
    if (only !== undefined) {
      const point = pointOf(only);
      const plans = kinds
        .filter((kind) => points[kind].some(({ at }) => at === point.at))
        .flatMap((kind) => onePerStory(kind, [point]));
      return { firstStarts: [], stories: work(`only ${only}`, plans) };
    }
    const stories = [
      ...(wants("points") ? kinds : []).flatMap((kind) =>
        work(`${kind}, at points`, ofPart(atPoints(kind, points[kind]))),
      ),
      ...(wants("stale") ? kinds : []).flatMap((kind) =>
        work(`${kind}, stale owner`, ofPart(stale(kind, points[kind]))),
      ),
      ...work("restarts", wants("starts") ? restartsOf(starts) : [], true),
    ];
    const chosen = full ? firstStart : sample(firstStart, 6, seed);
    return { firstStarts: wants("starts") ? chosen : [], stories };
  };

  function restartsOf(starts: readonly Point[]): readonly StoryPlan[] {
    const one = restarts("deploy", "after ledger.intend:merge", starts);
    return full ? [one, restarts("reject", "after ledger.reject", starts)] : [one];
  }
}

function inOrder(order: readonly Point[], chosen: readonly Point[]): readonly Point[] {
  return order.filter((point) => chosen.includes(point));
}

function pointOf(name: string): Point {
  const [first = "", ...rest] = name.split(" ");
  const blow = blows.find((one) => one === first);
  const [at = "", occurrence = "1"] = (blow === undefined ? name : rest.join(" ")).split("#");
  return pointAt(at, Number(occurrence), blow);
}

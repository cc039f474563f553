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
  /** Points' names with their blows before them, separated by commas. */
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

  /** `common` are the points of a deployment, where this is another kind of story. */
  function atPoints(
    kind: Kind,
    points: readonly Point[],
    common: ReadonlySet<string>,
  ): readonly StoryPlan[] {
    const named = points.filter(({ occurrence }) => occurrence === 1);
    if (full) {
      const later = points.filter(({ occurrence }) => occurrence > 1);
      return [...severalPerStory(kind, named, 2), ...onePerStory(kind, later)];
    }
    // Together the stores see every write of a deployment, and what the other kinds write that a deployment does not.
    const mine = seed + (store === "sqlite" ? 0 : 1);
    const written = named.filter(isWrite);
    const own = written.filter(({ at }) => !common.has(at));
    const repeated = written.filter(({ at }) => common.has(at));
    const chosen = [
      ...sample(own, 2, mine),
      ...sample(repeated, 20, mine),
      ...sample(
        named.filter((point) => !isWrite(point)),
        common.size === 0 ? 16 : 40,
        mine,
      ),
    ];
    return severalPerStory(kind, inOrder(named, chosen), 5);
  }

  function stale(
    kind: Kind,
    points: readonly Point[],
    common: ReadonlySet<string>,
  ): readonly StoryPlan[] {
    const plans = stalePlans(kind, points, common);
    if (full) return plans;
    return sample(plans, 20, seed + (store === "sqlite" ? 0 : 10));
  }

  return ({ points, starts, firstStart }) => {
    const deployed = new Set(points.deploy.map(({ at }) => at));
    const commonOf = (kind: Kind) => (kind === "deploy" ? new Set<string>() : deployed);
    if (only !== undefined) {
      const named = only.split(",").map(pointOf);
      const plans = kinds.flatMap((kind) => {
        const passed = new Set(points[kind].map(({ at }) => at));
        return onePerStory(
          kind,
          named.filter((point) => passed.has(point.at)),
        );
      });
      return { firstStarts: [], stories: work("only", plans) };
    }
    const stories = [
      ...(wants("points") ? kinds : []).flatMap((kind) =>
        work(`${kind}, at points`, ofPart(atPoints(kind, points[kind], commonOf(kind)))),
      ),
      ...(wants("stale") ? kinds : []).flatMap((kind) =>
        work(`${kind}, stale owner`, ofPart(stale(kind, points[kind], commonOf(kind)))),
      ),
      ...work("restarts", wants("starts") ? restartsOf(starts) : [], true),
    ];
    const chosen = full ? firstStart : sample(firstStart, 9, seed);
    return { firstStarts: wants("starts") ? chosen : [], stories };
  };

  function restartsOf(starts: readonly Point[]): readonly StoryPlan[] {
    const chosen = full ? starts : sample(starts, 2, seed + (store === "sqlite" ? 0 : 1));
    const one = restarts("deploy", "after ledger.intend:merge", chosen);
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

import type { Result } from "./account.ts";
import { firstStarts } from "./migration.ts";
import { neverMet } from "./named-points.ts";
import type { Point } from "./orders.ts";
import { openPlace, type Place } from "./place.ts";
import { nameOf, pointAt, pointsOf, randomStory } from "./plans.ts";
import { tellStory, type StoryResult } from "./story.ts";
import type { Kind, StoryPlan } from "./story-plan.ts";
import type { Store } from "./witness.ts";

/** One story to be told, in whatever world is free. */
export interface Work {
  readonly suite: string;
  readonly plan: StoryPlan;
  /** Whoever does not pass its points has failed. Of others, each point that was missed in company is tried alone, once. */
  readonly strict?: boolean;
}

/** What can be struck on one store. */
export interface Traced {
  readonly points: Readonly<Record<Kind, readonly Point[]>>;
  /** Of a start in the middle of a story. */
  readonly starts: readonly Point[];
  /** Of the first start, on an empty ledger. */
  readonly firstStart: readonly Point[];
}

export interface RunOptions {
  readonly store: Store;
  /** How many worlds side by side. */
  readonly places: number;
  /** A folder for everything. */
  readonly root: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly seed: number;
  /** What kinds of story are told. */
  readonly kinds: readonly Kind[];
  /** Kills at random, as far as there is time for them. */
  readonly random: number;
  /** When the last random story begins at the latest, ms since 1970. */
  readonly until: number;
  /** The first starts to kill, and the stories to tell. */
  readonly choose: (traced: Traced) => {
    readonly firstStarts: readonly Point[];
    readonly stories: readonly Work[];
  };
  readonly note: (suite: string, result: Result) => void;
}

/** Everything on one store, in worlds side by side: whoever is free tells the next story. */
export async function runOn(options: RunOptions): Promise<void> {
  const { store, places, root, environment, seed, kinds, random, until, choose, note } = options;
  const open: Place[] = [];
  const at = async (i: number) => {
    const place = await openPlace(`${store}-${i}`, store, root, environment);
    open.push(place);
    return place;
  };
  try {
    const [first, second] = await Promise.all([at(0), at(1)]);
    const others = Promise.all(
      Array.from({ length: Math.max(0, places - 2) }, (_, i) => at(i + 2)),
    );
    // Awaited below, unless something else fails before.
    others.catch(() => {});
    const starts = firstStarts(store, root, { ...first.world.environment, ...environment });
    const [told, whole] = await Promise.all([traceAll(first, second, kinds), starts.whole()]);
    const traced: Traced = { ...told, firstStart: whole.points };
    const missing = neverMet(traced.points, kinds, new Set([...first.calls, ...second.calls]));
    if (missing.length > 0) throw new Error(`${store}: ${missing.join("; ")}`);
    await others;

    process.stdout.write(`${store}: ${countsOf(traced)}\n`);
    const chosen = choose(traced);
    const waiting = [...chosen.stories];
    const waitingStarts = [...chosen.firstStarts];
    // A run in doubt is looked for during a minute: those stories begin first.
    waiting.sort((a, b) => Number(isLong(b.plan)) - Number(isLong(a.plan)));
    let [number, kills] = [0, 0];

    const tellOne = async (place: Place, { suite, plan, strict }: Work) => {
      const result = await tellStory(place, plan);
      note(suite, strict === true ? neverPassed(result) : result);
      if (strict === true) return;
      for (const kill of result.missed.filter(isNamed)) {
        const name = `${nameOf(kill)}, alone`;
        waiting.unshift({ suite, plan: { ...plan, name, kills: [kill] }, strict: true });
      }
    };
    await Promise.all(
      open.map(async (place) => {
        for (;;) {
          const work = waiting.shift();
          const start = work === undefined ? waitingStarts.shift() : undefined;
          if (work !== undefined) await tellOne(place, work);
          else if (start !== undefined)
            note(`${store} first start`, await starts.killed(start, whole.schema));
          else if (kills < random && Date.now() < until) {
            const plan = randomStory(seed, number++, traced.points);
            kills += plan.kills.length;
            const result = await tellStory(place, plan);
            kills -= plan.kills.length - result.hits;
            note(`${store} at random`, result);
          } else return;
        }
      }),
    );
  } finally {
    await Promise.all(open.map((place) => place.close()));
  }
}

function countsOf({ points, starts, firstStart }: Traced): string {
  const all = Object.entries({ ...points, "first start": firstStart, "later start": starts });
  const words = all.map(([name, passed]) => {
    const named = passed.filter(({ occurrence }) => occurrence === 1).length;
    return `${name} ${named} (${passed.length})`;
  });
  return `names of points (and with their repetitions): ${words.join(", ")}`;
}

function isNamed(kill: StoryPlan["kills"][number]): kill is Point {
  // How often something is asked that is asked again and again is a matter of time.
  return "at" in kill && kill.occurrence === 1;
}

function neverPassed(result: StoryResult): StoryResult {
  const names = result.missed.map(nameOf);
  if (names.length === 0) return result;
  const what = `never came ${names.join(", ")}`;
  return { ...result, findings: [...result.findings, { type: "wrong", what }] };
}

function isLong({ name }: StoryPlan): boolean {
  return /before pipelines\.startRun|after ledger\.intend:start-run/.test(name);
}

/** Every point of every kind of story without a blow, and of a start in the middle of one. */
async function traceAll(
  first: Place,
  second: Place,
  wanted: readonly Kind[],
): Promise<Omit<Traced, "firstStart">> {
  const points: Record<Kind, readonly Point[]> = { ...noPoints };
  const traceHere = async (place: Place, ...all: readonly Kind[]) => {
    for (const kind of all) if (wanted.includes(kind)) points[kind] = await trace(place, kind, []);
  };
  let restarted: readonly Point[] = [];
  const others = async () => {
    await traceHere(second, "rollback");
    restarted = await trace(second, "reject", [pointAt("after ledger.create")]);
    await traceHere(second, "withdraw", "notice");
  };
  await Promise.all([traceHere(first, "deploy", "reject", "cancel", "retry"), others()]);
  const starts = restarted.filter(({ at }) => /^before sql:|^after migrate$/.test(at));
  return { points, starts };
}

const noPoints: Readonly<Record<Kind, readonly Point[]>> = {
  deploy: [],
  rollback: [],
  reject: [],
  cancel: [],
  withdraw: [],
  retry: [],
  notice: [],
};

async function trace(place: Place, kind: Kind, kills: readonly Point[]): Promise<readonly Point[]> {
  place.passed.length = 0;
  place.keeper.trace(true);
  const result = await tellStory(place, { name: `${kind} is traced`, kind, kills });
  place.keeper.trace(false);
  const problems = neverPassed(result).findings;
  if (problems.length > 0)
    throw new Error(`${kind} without a kill: ${problems.map(({ what }) => what).join("; ")}`);
  return pointsOf(place.passed);
}

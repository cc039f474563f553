import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Finding } from "./findings.ts";
import type { Point } from "./orders.ts";
import { newLedger } from "./place.ts";
import { pointsOf } from "./plans.ts";
import { loadProcess } from "./process.ts";
import { readLedger, type Store } from "./witness.ts";

/** omnibot's first starts, each on an empty ledger of its own. */
export interface Starts {
  /** Every point that a first start passes until the ledger is as it should be, and what that looks like. */
  whole(): Promise<{ readonly points: readonly Point[]; readonly schema: string }>;
  /** Kills a first start there, starts again, and compares. */
  killed(point: Point, schema: string): Promise<StartResult>;
}

export interface StartResult {
  readonly name: string;
  readonly kills: readonly Point[];
  readonly hits: number;
  readonly findings: readonly Finding[];
  readonly milliseconds: number;
}

/** The longest that a start may take, in milliseconds, on a busy machine. */
const patience = 60_000;

export function firstStarts(
  store: Store,
  root: string,
  environment: Readonly<Record<string, string>>,
): Starts {
  let number = 0;

  async function on<Result>(
    use: (
      start: (crash?: Point, trace?: boolean) => Promise<Started>,
      read: () => Promise<string>,
    ) => Promise<Result>,
  ): Promise<Result> {
    number += 1;
    const name = `${store}-first-${number}`;
    const folder = join(root, name);
    const ledger = await newLedger(store, folder, name);
    const witness = readLedger(ledger.location);
    try {
      const given = { ...environment, ...ledger.environment, PORT: "0" };
      const log = join(root, `${store}-first.log`);
      return await use(
        (crash, trace) => start({ environment: given, log, crash, trace }),
        () => witness.schema(),
      );
    } finally {
      await witness.close();
      await ledger.remove();
    }
  }

  return {
    whole: () =>
      on(async (begin, read) => {
        const { passed, listens } = await begin(undefined, true);
        if (!listens) throw new Error("omnibot does not start");
        const end = passed.indexOf("after migrate") + 1;
        return { points: pointsOf(passed.slice(0, end)), schema: await read() };
      }),

    killed: (point, schema) =>
      on(async (begin, read) => {
        const started = Date.now();
        const findings: Finding[] = [];
        const first = await begin(point);
        const second = await begin();
        if (!second.listens) findings.push({ type: "lost", what: "omnibot does not start again" });
        else if ((await read()) !== schema)
          findings.push({ type: "wrong", what: "the ledger has another schema" });
        return {
          name: `${store} first start, killed ${point.at}#${point.occurrence}`,
          kills: [point],
          hits: first.listens ? 0 : 1,
          findings,
          milliseconds: Date.now() - started,
        };
      }),
  };
}

interface Started {
  readonly listens: boolean;
  readonly passed: readonly string[];
}

/** Starts a process and ends it again when it listens, unless it ends itself before. */
async function start(options: {
  readonly environment: Readonly<Record<string, string>>;
  readonly log: string;
  readonly crash: Point | undefined;
  readonly trace: boolean | undefined;
}): Promise<Started> {
  const passed: string[] = [];
  const { environment, log, crash, trace = false } = options;
  const process = loadProcess({ environment, log, passed: (point) => void passed.push(point) });
  await process.begin(crash, () => trace);
  const late = delay(patience, false, { ref: false });
  const listens = await Promise.race([
    process.listening.then(() => true),
    process.ended.then(() => false),
    late,
  ]);
  process.kill();
  await process.ended;
  return { listens, passed };
}

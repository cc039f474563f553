import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Client } from "pg";
import { neverOutlive } from "../../sandbox/child.ts";
import { startPostgres } from "../../test/postgres.ts";
import type { Part } from "../part.ts";
import { times, type Heat, type Times } from "../racer.ts";
import { spread } from "../statistics.ts";

const root = join(import.meta.dirname, "../..");
/** How long one heat may take, and a start. Milliseconds. */
const patience = 60_000;
const tenSteps = 10;

/** The same ten durable steps, with nothing to do in them: what remains is the engine and its database. */
export const steps: Part = {
  name: "steps",
  title: "ten durable steps, beside DBOS Transact and graphile-worker",
  async measure(run) {
    const postgres = await startPostgres();
    const racers: Racer[] = [];
    try {
      for (const kind of kindsOf(run.folder)) racers.push(await startRacer(kind, postgres.url));
      const heats: readonly Heat[] = run.short
        ? [{ count: 3, atOnce: 1 }]
        : [
            { count: 8, atOnce: 1 },
            { count: 40, atOnce: 20 },
          ];
      for (const racer of racers) await racer.ride({ count: run.short ? 1 : 20, atOnce: 4 });
      const found = new Map<string, Times[]>();
      for (let round = 0; round < (run.short ? 1 : 6); round += 1) {
        for (const heat of heats) {
          // Turn by turn, and never two at a time: they share the machine and the server.
          for (const racer of round % 2 === 0 ? racers : racers.toReversed()) {
            const key = `${racer.name} ${heat.atOnce}`;
            found.set(key, [...(found.get(key) ?? []), await racer.ride(heat)]);
          }
        }
      }
      return told(
        racers.map(({ name }) => name),
        heats.map(({ atOnce }) => atOnce),
        found,
      );
    } finally {
      for (const racer of racers) await racer.end();
      postgres.remove();
    }
  },
};

interface Kind {
  readonly name: string;
  readonly script: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** On PostgreSQL, in a database of this name. */
  readonly database?: string;
}

function kindsOf(folder: string): readonly Kind[] {
  const script = "bench/ten-steps.ts";
  const effects = { BENCH_EFFECTS: "1" };
  return [
    { name: "omnibot, PostgreSQL", script, database: "omnibot" },
    {
      name: "omnibot, PostgreSQL, each step with an effect",
      script,
      environment: effects,
      database: "effects",
    },
    { name: "DBOS Transact, PostgreSQL", script: "bench/peers/dbos.ts", database: "dbos" },
    {
      name: "graphile-worker, PostgreSQL",
      script: "bench/peers/graphile-worker.ts",
      database: "graphile",
    },
    { name: "omnibot, SQLite", script, environment: { BENCH_FILE: join(folder, "plain.sqlite") } },
    {
      name: "omnibot, SQLite, each step with an effect",
      script,
      environment: { ...effects, BENCH_FILE: join(folder, "effects.sqlite") },
    },
  ];
}

interface Racer {
  readonly name: string;
  ride(heat: Heat): Promise<Times>;
  end(): Promise<void>;
}

async function startRacer(kind: Kind, server: string): Promise<Racer> {
  const { name, script, environment = {}, database } = kind;
  const child = spawn(process.execPath, ["--no-warnings", script], {
    cwd: root,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: process.env["HOME"] ?? "",
      NODE_ENV: "production",
      ...environment,
      ...(database === undefined ? {} : { BENCH_POSTGRES: await createDatabase(server, database) }),
    },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  neverOutlive(child);
  await message(child, name);
  return {
    name,
    async ride(heat) {
      const answer = message(child, name);
      child.send(heat);
      return times.parse(await answer);
    },
    async end() {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

async function message(child: ChildProcess, name: string): Promise<unknown> {
  const signal = AbortSignal.timeout(patience);
  const ended = once(child, "exit", { signal }).then(() => {
    throw new Error(`${name} ended`);
  });
  ended.catch(() => {});
  const said: unknown[] = await Promise.race([once(child, "message", { signal }), ended]);
  return said[0];
}

async function createDatabase(server: string, name: string): Promise<string> {
  const client = new Client({ connectionString: server });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

function told(
  names: readonly string[],
  sizes: readonly number[],
  found: ReadonlyMap<string, readonly Times[]>,
) {
  const of = (name: string, atOnce: number) => {
    const heats = found.get(`${name} ${atOnce}`) ?? [];
    const each = heats.flatMap((one) => one.each.map((time) => time / tenSteps));
    const perSecond =
      (1000 * tenSteps * each.length) / heats.reduce((sum, { all }) => sum + all, 0);
    return { ...spread(each), perSecond };
  };
  const rows = sizes.flatMap((atOnce) =>
    names.map((name) => {
      const { p50, p95, perSecond } = of(name, atOnce);
      return [name, atOnce, p50, p95, perSecond] as const;
    }),
  );
  const figures: Record<string, number> = {};
  for (const atOnce of sizes) {
    for (const name of names) {
      const { p50, p95, perSecond } = of(name, atOnce);
      figures[`${name}, ${atOnce} at once, p50 (ms a step)`] = p50;
      figures[`${name}, ${atOnce} at once, p95 (ms a step)`] = p95;
      figures[`${name}, ${atOnce} at once (steps a second)`] = perSecond;
    }
  }
  const ratio = (peer: string, most: number) => ({
    what: `omnibot beside ${peer} on PostgreSQL, one at a time, p50`,
    found: of("omnibot, PostgreSQL", 1).p50 / of(`${peer}, PostgreSQL`, 1).p50,
    most,
    unit: "times",
  });
  return {
    tables: [
      {
        title: "Ten durable steps",
        columns: ["engine", "workflows at once", "p50 (ms a step)", "p95", "steps a second"],
        rows,
      },
    ],
    figures,
    goals: [ratio("DBOS Transact", 1), ratio("graphile-worker", 2)],
  };
}

import { setTimeout as delay } from "node:timers/promises";
import { join } from "node:path";
import { Pool } from "pg";
import { startChild, type Child } from "../../sandbox/child.ts";
import { freePort } from "../../sandbox/free-port.ts";
import { startLink, type Link } from "./link.ts";

/** How long a replica holds a row without a sign of life, in milliseconds: longer than any request to a stand-in. */
export const lease = 4000;

/** One of several processes of omnibot on one ledger, and its own network to that. */
export interface Replica {
  readonly name: string;
  readonly url: string;
  readonly link: Link;
  /** Whether it runs, frozen or not. */
  readonly up: boolean;
  /** How often it ended without being told to, or did not start. */
  readonly falls: number;
  readonly pid: number | undefined;
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Asks it to end; how many milliseconds that took. */
  end(): Promise<number>;
  freeze(): void;
  thaw(): void;
  /** Its own clock jumps. */
  jump(): void;
}

export interface Fleet {
  readonly replicas: readonly Replica[];
  /** Which replica holds the row of an environment's deployment now. */
  readonly holderOf: (environment: string) => Promise<Replica | undefined>;
  /** Which replica draws the thread of an environment's deployment now. */
  readonly drawerOf: (environment: string) => Promise<Replica | undefined>;
  /** When one of them that stood still was awake again, in milliseconds since 1970. */
  readonly thaws: readonly number[];
  close(): Promise<void>;
}

export interface FleetOptions {
  /** Of the ledger's database, as the replicas would reach it without their links. */
  readonly database: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
}

/** Their clocks differ by ten minutes each. Milliseconds. */
const skews = [0, 10 * 60_000, -10 * 60_000];
const longestEnd = 15_000;

/** Three replicas that start at once on an empty ledger. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const thaws: number[] = [];
  const thawed = () => void thaws.push(Date.now());
  const replicas = await Promise.all(
    skews.map((skew, i) => makeReplica(`r${i + 1}`, skew, thawed, options)),
  );
  const pool = new Pool({ connectionString: options.database, max: 2 });
  pool.on("error", () => {});
  await Promise.all(replicas.map((replica) => replica.start()));

  async function owner(query: string, environment: string): Promise<Replica | undefined> {
    const { rows } = await pool.query<{ owner: string }>(query, [environment]);
    const pid = Number(rows[0]?.owner.split("-").at(-2));
    return replicas.find((replica) => replica.pid === pid);
  }

  return {
    replicas,
    thaws,
    holderOf: (environment) =>
      owner(
        `select lease_owner as owner from deployment
          where environment = $1 and state = 'active' and lease_owner is not null`,
        environment,
      ),
    drawerOf: (environment) =>
      owner(
        `select t.lease_owner as owner from thread t join deployment d on d.id = t.deployment_id
          where d.environment = $1 and t.lease_owner is not null order by d.id desc`,
        environment,
      ),
    async close() {
      for (const replica of replicas) {
        replica.thaw();
        await replica.kill();
        await replica.link.close();
      }
      await pool.end();
    },
  };
}

async function makeReplica(
  name: string,
  skew: number,
  thawed: () => void,
  { database, environment, folder }: FleetOptions,
): Promise<Replica> {
  const { hostname, port: databasePort, pathname, username } = new URL(database);
  const link = await startLink({ host: hostname, port: Number(databasePort) });
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  let child: Child | undefined;
  let falls = 0;
  const signal = (which: NodeJS.Signals) => {
    if (child?.pid !== undefined) process.kill(child.pid, which);
  };

  async function gone(how: (running: Child) => Promise<void>): Promise<void> {
    const running = child;
    child = undefined;
    if (running !== undefined) await how(running);
  }

  async function noteFall(started: Child): Promise<void> {
    await started.ended;
    if (child !== started) return;
    falls += 1;
    child = undefined;
  }

  return {
    name,
    url: `${address}/api/messages`,
    link,
    get up() {
      return child !== undefined;
    },
    get falls() {
      return falls;
    },
    get pid() {
      return child?.pid;
    },
    async start() {
      try {
        const started = await startChild({
          name,
          args: ["test/replicas/replica.ts"],
          environment: {
            ...environment,
            PORT: String(port),
            DATABASE_URL: `postgres://${username}@127.0.0.1:${link.port}${pathname}`,
            REPLICA_LEASE: String(lease),
            REPLICA_SKEW: String(skew),
          },
          log: join(folder, `${name}.log`),
          readyUrl: `${address}/readyz`,
        });
        child = started;
        void noteFall(started);
      } catch {
        // Its log says why; the next trouble that befalls it starts it again.
        falls += 1;
      }
    },
    kill: () => gone((running) => running.kill()),
    async end() {
      const before = performance.now();
      await gone((running) => running.stop(longestEnd));
      return performance.now() - before;
    },
    freeze: () => signal("SIGSTOP"),
    thaw() {
      signal("SIGCONT");
      thawed();
    },
    jump: () => signal("SIGUSR2"),
  };
}

/** Waits until something is true; false when it was not in time. */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  patience: number,
): Promise<boolean> {
  const end = performance.now() + patience;
  while (!(await isTrue())) {
    if (performance.now() > end) return false;
    await delay(20);
  }
  return true;
}

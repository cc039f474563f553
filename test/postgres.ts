import { execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../sandbox/free-port.ts";

/** A PostgreSQL of one's own, on a free port of loopback. */
export interface Postgres {
  readonly url: string;
  start(): void;
  /** `fast` is how an operator does it, `immediate` is a crash. */
  stop(mode: "fast" | "immediate"): void;
  /** Ends it and leaves nothing behind. */
  remove(): void;
}

/** A new cluster in a temporary folder. Needs PostgreSQL's server programs (Debian: postgresql). */
export async function startPostgres(): Promise<Postgres> {
  const programs = findPrograms();
  const folder = mkdtempSync(join(tmpdir(), "omnibot-postgres-"));
  const cluster = join(folder, "cluster");
  // PostgreSQL refuses to run as root.
  const user = process.getuid?.() === 0 ? idsOf("postgres") : undefined;
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const port = await freePort();

  function run(program: string, ...options: string[]): void {
    execFileSync(join(programs, program), options, {
      ...user,
      cwd: folder,
      stdio: "pipe",
      timeout: 60_000,
    });
  }

  function start(): void {
    const options = `-p ${port} -h 127.0.0.1 -k ${folder}`;
    const log = join(folder, "log");
    run("pg_ctl", "start", "--wait", "--pgdata", cluster, "--log", log, "--options", options);
  }

  function stop(mode: "fast" | "immediate"): void {
    run("pg_ctl", "stop", "--wait", "--mode", mode, "--pgdata", cluster);
  }

  const settings = ["--username", "omnibot", "--auth", "trust", "--encoding", "UTF8"];
  run("initdb", "--pgdata", cluster, "--no-locale", ...settings);
  start();
  return {
    url: `postgres://omnibot@127.0.0.1:${port}/postgres`,
    start,
    stop,
    remove() {
      if (existsSync(join(cluster, "postmaster.pid"))) stop("immediate");
      rmSync(folder, { recursive: true });
    },
  };
}

function findPrograms(): string {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root)
    ? readdirSync(root).toSorted((a, b) => Number(b) - Number(a))
    : [];
  const newest = versions.find((version) => existsSync(join(root, version, "bin", "initdb")));
  if (newest === undefined)
    throw new Error("PostgreSQL's server is not installed: apt-get install postgresql");
  return join(root, newest, "bin");
}

function idsOf(name: string): { readonly uid: number; readonly gid: number } {
  const id = (flag: string) => Number(execFileSync("id", [flag, name], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

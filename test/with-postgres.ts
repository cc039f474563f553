/**
 * Runs a command with a PostgreSQL of its own: a new cluster in a temporary folder, on a free port of loopback, removed
 * afterwards. `node test/with-postgres.ts npm run …`; the command finds it in OMNIBOT_TEST_POSTGRES. Needs PostgreSQL's
 * server programs (Debian: postgresql).
 */
import { execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../sandbox/free-port.ts";

const [command, ...args] = process.argv.slice(2);
if (command === undefined)
  throw new Error("usage: node test/with-postgres.ts <command> [arguments]");

const programs = findPrograms();
const folder = mkdtempSync(join(tmpdir(), "omnibot-postgres-"));
const cluster = join(folder, "cluster");
// PostgreSQL refuses to run as root.
const user = process.getuid?.() === 0 ? idsOf("postgres") : undefined;
if (user !== undefined) chownSync(folder, user.uid, user.gid);
const port = await freePort();

run(
  "initdb",
  "--pgdata",
  cluster,
  "--username",
  "omnibot",
  "--auth",
  "trust",
  "--encoding",
  "UTF8",
  "--no-locale",
);
try {
  const options = `-p ${port} -h 127.0.0.1 -k ${folder}`;
  run(
    "pg_ctl",
    "start",
    "--wait",
    "--pgdata",
    cluster,
    "--log",
    join(folder, "log"),
    "--options",
    options,
  );
  process.exitCode = await runCommand(`postgres://omnibot@127.0.0.1:${port}/postgres`);
} finally {
  run("pg_ctl", "stop", "--wait", "--mode", "immediate", "--pgdata", cluster);
  rmSync(folder, { recursive: true });
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

function run(program: string, ...options: string[]): void {
  execFileSync(join(programs, program), options, {
    ...user,
    cwd: folder,
    stdio: "pipe",
    timeout: 60_000,
  });
}

function runCommand(url: string): Promise<number> {
  const child = spawn(command ?? "", args, {
    stdio: "inherit",
    env: { ...process.env, OMNIBOT_TEST_POSTGRES: url },
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

/**
 * Runs a command with a PostgreSQL of its own: a new cluster in a temporary folder, on a free port of loopback, removed
 * afterwards. `node test/with-postgres.ts npm run …`; the command finds it in OMNIBOT_TEST_POSTGRES.
 */
import { spawn } from "node:child_process";
import { startPostgres } from "./postgres.ts";

const [command, ...args] = process.argv.slice(2);
if (command === undefined)
  throw new Error("usage: node test/with-postgres.ts <command> [arguments]");

const postgres = await startPostgres();
try {
  process.exitCode = await runCommand(postgres.url);
} finally {
  postgres.remove();
}

function runCommand(url: string): Promise<number> {
  const child = spawn(command ?? "", args, {
    stdio: "inherit",
    env: { ...process.env, OMNIBOT_TEST_POSTGRES: url },
  });
  // The cluster must not outlive them, however they are ended.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

/** `npm run backup -- <file>`: a copy of the SQLite ledger, whole and checked, also while omnibot works. */
import { ConfigError } from "./config/load-config.ts";
import { loadSettings } from "./config/load-settings.ts";
import { backUp } from "./store/backup.ts";

try {
  const [to, ...more] = process.argv.slice(2);
  if (to === undefined || more.length > 0) throw new Error("npm run backup -- <file>");
  const { ledger } = loadSettings(process.env);
  if (!("file" in ledger))
    throw new Error("This ledger is PostgreSQL's: pg_dump backs it up (docs/operating.md).");
  const { deployments, bytes } = await backUp(ledger.file, to);
  process.stdout.write(`${to}: ${deployments} deployments, ${bytes} bytes, checked.\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}

import { ConfigError } from "./config/load-config.ts";
import { loadSettings } from "./config/load-settings.ts";
import { createLog } from "./log.ts";
import { startOmnibot } from "./omnibot.ts";

/** A shutdown that takes longer than this (ms) is cut short: the next start carries on anyway. */
const patience = 10_000;

try {
  await run();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  const settings = loadSettings(process.env);
  const log = createLog(settings.logLevel);
  // By itself Node prints an error with all that hangs on it: with some SDKs, the whole request and its tokens.
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "omnibot ends by a bug, or cannot start");
    process.exit(1);
  });
  const omnibot = await startOmnibot(settings, log);

  const signal = await terminated();
  log.info({ signal }, "omnibot stops");
  const late = setTimeout(() => {
    log.warn({}, "omnibot stops with work in hand; the next start carries on");
    process.exit(0);
  }, patience);
  late.unref();
  await omnibot.stop();
  log.info({}, "omnibot has stopped");
  process.exit(0);
}

function terminated(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const)
      process.once(signal, () => resolve(signal));
  });
}

import { ConfigError } from "./config/load-config.ts";
import { loadSettings } from "./config/load-settings.ts";
import { createLog } from "./log.ts";
import { startOmnibot } from "./omnibot.ts";

/** A shutdown that takes longer than this (ms) is cut short: the next start carries on anyway. */
const patience = 10_000;
/** Two signals within so many milliseconds are one wish: at Ctrl-C the terminal tells omnibot, and npm tells it once more. */
const echo = 1000;

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

  const { first, again } = listenForTheEnd();
  log.info({ signal: await first }, "omnibot stops");
  const late = setTimeout(() => {
    log.warn({}, "omnibot stops with work in hand; the next start carries on");
    process.exit(0);
  }, patience);
  late.unref();
  again.addEventListener("abort", () => log.warn({}, "omnibot is to stop at once"));
  await omnibot.stop(again);
  log.info({}, "omnibot has stopped");
  process.exit(0);
}

/** The first signal to end, and whether somebody is in a hurry. */
function listenForTheEnd(): { readonly first: Promise<string>; readonly again: AbortSignal } {
  const hurry = new AbortController();
  const first = new Promise<string>((resolve) => {
    let askedAt: number | undefined;
    const asked = (signal: string) => {
      if (askedAt === undefined) resolve(signal);
      else if (performance.now() - askedAt > echo) hurry.abort();
      askedAt ??= performance.now();
    };
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, asked);
  });
  return { first, again: hurry.signal };
}

import os from "node:os";
import { syncBuiltinESMExports } from "node:module";

/**
 * Loaded before omnibot: SIGUSR2 stops the clock by which it works, and starts it again. While that stands still nothing is ever
 * due by time.
 */
const { uptime } = os;
const now = performance.now.bind(performance);
let stillAt: { readonly uptime: number; readonly now: number } | undefined;
process.on("SIGUSR2", () => {
  stillAt = stillAt === undefined ? { uptime: uptime(), now: now() } : undefined;
});
os.uptime = () => stillAt?.uptime ?? uptime();
performance.now = () => stillAt?.now ?? now();
syncBuiltinESMExports();

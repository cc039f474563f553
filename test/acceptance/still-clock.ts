import os from "node:os";
import { syncBuiltinESMExports } from "node:module";

/**
 * Loaded before omnibot: SIGUSR2 stops the clock by which it works, and starts it again. While that stands still nothing is ever
 * due by time.
 */
const { uptime } = os;
let stillAt: number | undefined;
process.on("SIGUSR2", () => (stillAt = stillAt === undefined ? uptime() : undefined));
os.uptime = () => stillAt ?? uptime();
syncBuiltinESMExports();

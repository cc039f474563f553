/** omnibot as a process that tells how much it holds, in a time that passes faster: its waits are long, its work is not. */
import { readdirSync, readlinkSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { loadSettings } from "../../src/config/load-settings.ts";
import { createLog } from "../../src/log.ts";
import { startOmnibot } from "../../src/omnibot.ts";
import type { Holding } from "./holding.ts";

const speed = Number(process.env["SOAK_SPEED"]);
const day = 24 * 60 * 60_000;
const begun = Date.now();
const clock = { now: () => begun + Math.round((Date.now() - begun) * speed) };
// Rows of what ended a few minutes ago are three months old.
const pruning = { clock: { now: () => clock.now() + 90 * day - 5 * 60_000 }, interval: 500 };

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const settings = loadSettings(process.env);
const log = createLog(settings.logLevel);
const omnibot = await startOmnibot(settings, log, (parts) => parts, {
  clock,
  pruning,
  idle: 40,
  lease: 30_000 * speed,
});
process.on("message", () => process.send?.(measure()));
process.send?.("ready");
process.once("SIGTERM", () => {
  void omnibot.stop().then(() => process.exit(0));
});

function measure(): Holding {
  collect();
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  const open = readdirSync("/proc/self/fd").map(kindOf);
  return {
    heap: heapUsed + external,
    rss,
    descriptors: open.length,
    sockets: open.filter((kind) => kind.startsWith("socket:")).length,
    handles: process.getActiveResourcesInfo().length,
  };
}

function kindOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return "closed meanwhile";
  }
}

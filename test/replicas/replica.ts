/** omnibot as one replica of several: with short leases, so that a run need not wait half a minute for each, and a clock that is wrong. */
import { loadSettings } from "../../src/config/load-settings.ts";
import { createLog } from "../../src/log.ts";
import { startOmnibot } from "../../src/omnibot.ts";
import { setClockWrong } from "./wrong-clock.ts";

const hour = 60 * 60_000;

const skew = Number(process.env["REPLICA_SKEW"] ?? 0);
const clock = setClockWrong(skew);
// It jumps an hour ahead, an hour back, and so on.
let jump = hour;
process.on("SIGUSR2", () => {
  clock.set(skew + jump);
  jump = -jump;
});

const settings = loadSettings(process.env);
const log = createLog(settings.logLevel);
const omnibot = await startOmnibot(settings, log, (parts) => parts, {
  lease: Number(process.env["REPLICA_LEASE"]),
});
process.once("SIGTERM", () => {
  void omnibot.stop().then(() => process.exit(0));
});

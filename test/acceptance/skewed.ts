/** Loaded before omnibot, it makes the machine's clock wrong by CLOCK_SKEW milliseconds for that process. */
import { setClockWrong } from "../replicas/wrong-clock.ts";

setClockWrong(Number(process.env["CLOCK_SKEW"] ?? 0));

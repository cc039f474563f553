/** omnibot as a process that ends itself where it is told to. It loads, and starts when it gets the order. */
import { flushCompileCache } from "node:module";
import { loadSettings } from "../../src/config/load-settings.ts";
import { createLog } from "../../src/log.ts";
import { startOmnibot, type Parts } from "../../src/omnibot.ts";
import { order, type Report } from "./orders.ts";
import { createPoints, withPoints } from "./points.ts";
import { lease, withoutRenewals } from "./stale.ts";
import { watchStatements } from "./statements.ts";

let tracing = false;
let migrated = false;
const points = createPoints({
  passed(point) {
    if (tracing) tell({ type: "passed", point });
  },
  struck: (blow) => tell({ type: "struck", blow }),
});
watchStatements(points, () => migrated);

process.on("disconnect", () => process.exit(0));
process.on("message", (message) => {
  const told = order.parse(message);
  switch (told.type) {
    case "begin":
      tracing = told.trace;
      points.order(told.crash);
      void begin(told.port);
      return;
    case "crash":
      return points.order(told.crash);
    case "trace":
      tracing = told.on;
  }
});
// What was compiled is usually written at the end, which this process does not live to see.
flushCompileCache();
tell({ type: "loaded" });

async function begin(port: number | undefined): Promise<void> {
  const settings = loadSettings(process.env);
  try {
    await startOmnibot(
      { ...settings, port: port ?? settings.port },
      createLog(settings.logLevel),
      between,
      { lease },
    );
    tell({ type: "listening" });
  } catch (error) {
    process.stderr.write(`omnibot did not start: ${String(error)}\n`);
    if (error instanceof Error) process.stderr.write(`${String(error.cause)}\n`);
    process.exit(1);
  }
}

function between(parts: Parts): Parts {
  migrated = true;
  void points.pass("after migrate");
  return withPoints(
    withoutRenewals(parts, () => points.isHolding),
    points,
    (calls) => {
      tell({ type: "calls", calls: [...calls] });
    },
  );
}

function tell(report: Report): void {
  process.send?.(report);
}

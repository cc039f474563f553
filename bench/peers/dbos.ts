/** Ten durable steps with DBOS Transact: the workflow and each step's answer are written to PostgreSQL. */
import { DBOS } from "@dbos-inc/dbos-sdk";
import { race } from "../racer.ts";

DBOS.setConfig({
  name: "bench",
  systemDatabaseUrl: process.env["BENCH_POSTGRES"] ?? "",
  logLevel: "error",
});
const workflow = DBOS.registerWorkflow(
  async () => {
    for (let step = 0; step < 10; step += 1)
      await DBOS.runStep(async () => ({ step }), { name: `step-${step}` });
  },
  { name: "ten-steps" },
);
await DBOS.launch();
race(() => workflow());

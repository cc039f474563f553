/** Ten durable steps with graphile-worker, which knows jobs and no workflows: each job adds the next one. */
import { Logger, run } from "graphile-worker";
import { race } from "../racer.ts";

interface Job {
  readonly workflow: number;
  readonly step: number;
}

const waiting = new Map<number, () => void>();
const runner = await run({
  connectionString: process.env["BENCH_POSTGRES"] ?? "",
  concurrency: 8,
  noHandleSignals: true,
  logger: new Logger(() => () => {}),
  taskList: {
    async step(payload, { addJob }) {
      // It was written by this very process.
      const { workflow, step } = payload as Job;
      if (step < 9) await addJob("step", { workflow, step: step + 1 });
      else waiting.get(workflow)?.();
    },
  },
});

let workflows = 0;
race(async () => {
  const workflow = (workflows += 1);
  const done = new Promise<void>((resolve) => waiting.set(workflow, resolve));
  await runner.addJob("step", { workflow, step: 0 });
  await done;
  waiting.delete(workflow);
});

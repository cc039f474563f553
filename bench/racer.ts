import { z } from "zod";

/** What the parent asks of a racer: so many workflows, so many side by side. */
export const heat = z.object({ count: z.number(), atOnce: z.number() });
export type Heat = z.infer<typeof heat>;

/** How long each workflow took, and all of them together. Milliseconds. */
export const times = z.object({ each: z.array(z.number()), all: z.number() });
export type Times = z.infer<typeof times>;

/** Serves heats until the parent lets go. `workflow` resolves when the workflow is durably done. */
export function race(workflow: () => Promise<unknown>): void {
  process.on("message", (message) => {
    void ride(heat.parse(message), workflow).then((found) => process.send?.(found));
  });
  process.on("disconnect", () => process.exit(0));
  process.send?.("ready");
}

async function ride({ count, atOnce }: Heat, workflow: () => Promise<unknown>): Promise<Times> {
  const each: number[] = [];
  const before = performance.now();
  let left = count;
  async function lane(): Promise<void> {
    while (left > 0) {
      left -= 1;
      const start = performance.now();
      await workflow();
      each.push(performance.now() - start);
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane));
  return { each, all: performance.now() - before };
}

/** Plays cells in a process of its own: one world, one story after the other. */
import { z } from "zod";
import { cells } from "./table.ts";
import { startStage, type Stage } from "./stage.ts";

const order = z.object({ cell: z.number() });

/** A cell that takes longer than this hangs. */
const longest = 120_000;

let stage: Stage | undefined;

process.on("disconnect", () => process.exit(0));
process.on("message", (message) => void answer(order.parse(message).cell));
process.on("unhandledRejection", (error) => {
  process.stderr.write(`unhandled: ${String(error instanceof Error ? error.stack : error)}\n`);
});
process.send?.("ready");

async function answer(index: number): Promise<void> {
  const cell = cells[index];
  const begun = Date.now();
  let report: object;
  try {
    if (cell === undefined) throw new Error(`there is no cell ${index}`);
    stage ??= await startStage();
    const verdict = await Promise.race([cell.play(stage), late()]);
    report = { ...verdict, log: verdict.problems.length === 0 ? "" : stage.log() };
  } catch (error) {
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    report = { outcome: "broken", problems: [words], doubles: 0, lost: 0, log: stage?.log() ?? "" };
    // Whatever is left of it must not disturb the next.
    await stage?.close().catch(() => {});
    stage = undefined;
  }
  process.send?.({ cell: index, took: Date.now() - begun, ...report });
}

function late(): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`it took longer than ${longest} ms`)), longest).unref();
  });
}

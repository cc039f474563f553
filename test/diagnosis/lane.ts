/** Plays one story in a process of its own: some clients remember their world as long as the process lives. */
import { z } from "zod";
import { hurryTime } from "./fast-time.ts";
import { playBenign, playCase } from "./story.ts";
import { rows } from "./table.ts";

const order = z.object({ row: z.number(), speed: z.number() });

process.on("message", (message) => void answer(order.parse(message)));
process.on("unhandledRejection", (error) => {
  process.stderr.write(`unhandled: ${wordsOf(error)}\n`);
});
process.send?.("ready");

async function answer({ row: index, speed }: z.infer<typeof order>): Promise<void> {
  hurryTime(speed);
  const begun = performance.now();
  let report: object;
  try {
    const story = rows[index]?.story;
    if (story === undefined) throw new Error(`there is no row ${index}`);
    report = await ("cause" in story ? playCase(story, speed) : playBenign(story, speed));
  } catch (error) {
    report = { outcome: "broken", problems: [wordsOf(error)], log: "" };
  }
  const took = performance.now() - begun;
  process.send?.({ row: index, took, ...report }, () => process.exit(0));
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

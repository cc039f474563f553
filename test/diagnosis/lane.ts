/** Plays stories in a process of its own, one after the other, each in a world of its own. */
import { z } from "zod";
import { hurryTime } from "./fast-time.ts";
import { playBenign, playCase } from "./story.ts";
import { rows } from "./table.ts";

const order = z.object({ row: z.number(), speed: z.number() });

process.on("disconnect", () => process.exit(0));
process.on("message", (message) => void answer(order.parse(message)));
process.on("unhandledRejection", (error) => {
  process.stderr.write(`unhandled: ${wordsOf(error)}\n`);
});
process.send?.("ready");

async function answer({ row: index, speed: usual }: z.infer<typeof order>): Promise<void> {
  const story = rows[index]?.story;
  const speed = story?.speed ?? usual;
  hurryTime(speed);
  const begun = performance.now();
  let report: object;
  try {
    if (story === undefined) throw new Error(`there is no row ${index}`);
    report = await ("cause" in story ? playCase(story, speed) : playBenign(story, speed));
  } catch (error) {
    report = { outcome: "broken", problems: [wordsOf(error)], log: "" };
  }
  const took = performance.now() - begun;
  process.send?.({ row: index, speed, took, ...report });
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

import { join } from "node:path";
import type { World } from "../../sandbox/world.ts";
import type { Run } from "../part.ts";
import { startStage } from "../stage.ts";

export interface AmongPods {
  readonly count: number;
  /** Of omnibot's process for one whole deployment, in milliseconds. */
  readonly cpu: number;
  readonly calls: number;
  /** Kilobytes. */
  readonly received: number;
  /** Megabytes. */
  readonly memory: number;
}

const megabyte = 1024 * 1024;

/** One deployment in a namespace where others have so many pods. */
export async function measurePods(
  run: Run,
  counts: readonly number[],
): Promise<readonly AmongPods[]> {
  const found: AmongPods[] = [];
  for (const count of counts) {
    run.note(`${count} pods of others in the namespace`);
    const stage = await startStage({
      folder: join(run.folder, `pods-${count}`),
      speed: 10,
      helmPatience: 12,
    });
    try {
      crowd(stage.world, count);
      const port = new URL(stage.world.kubernetes.url).port;
      const before = await stage.measure();
      const asked = stage.world.kubernetes.standIn.journal.length;
      const { approvedAt } = await stage.deploy("production");
      const end = await stage.until(
        "the end",
        ({ state, at }) => at > approvedAt && state !== "active",
      );
      if (end.state !== "live") throw new Error(`the deployment is ${end.state}`);
      const after = await stage.measure();
      found.push({
        count,
        cpu: after.cpu - before.cpu,
        calls: stage.world.kubernetes.standIn.journal.length - asked,
        received: ((after.bytes[port]?.received ?? 0) - (before.bytes[port]?.received ?? 0)) / 1024,
        memory: after.memory / megabyte,
      });
    } finally {
      await stage.close();
    }
  }
  return found;
}

function crowd({ kubernetes: { store } }: World, count: number): void {
  const [pod] = store.list("pods", "omnispatial");
  if (pod === undefined) throw new Error("nothing runs in the namespace");
  const { spec, status } = pod;
  for (let i = 0; i < count; i += 1) {
    const metadata = { name: `other-${i}`, namespace: "omnispatial", labels: { app: "other" } };
    store.create("pods", { metadata, spec, status });
  }
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import * as objects from "../../src/cluster/objects.ts";
import type { RolloutObjects } from "../../src/cluster/workload.ts";

/** Recordings of rollouts on a real API server: see its README. */
const folder = join(import.meta.dirname, "recordings");

const anyObject = z.looseObject({ metadata: z.looseObject({ uid: z.string().optional() }) });
const line = z.object({
  t: z.number(),
  resource: z.string(),
  type: z.string(),
  object: z.unknown(),
});

/** A moment of a recording: milliseconds since its start, and everything that is known then. */
export interface Moment {
  readonly t: number;
  /** When the recording began, ms since 1970. */
  readonly start: number;
  readonly objects: RolloutObjects;
}

/** Plays a recording event by event; `name` is that of its file, without the ending. */
export function* replay(name: string): Generator<Moment> {
  const lines = gunzipSync(readFileSync(join(folder, `${name}.ndjson.gz`)))
    .toString("utf8")
    .trim()
    .split("\n")
    .map((text) => line.parse(JSON.parse(text)));
  const start = startOf(lines);
  const world = new Map<string, Map<string, unknown>>();
  const all = <T>(resource: string, schema: z.ZodType<T>): T[] =>
    [...(world.get(resource)?.values() ?? [])].map((one) => parsed(one, schema));
  const known = new Map<unknown, unknown>();
  // An object does not change: it is taken apart once.
  function parsed<T>(object: unknown, schema: z.ZodType<T>): T {
    const found = (known.get(object) as T | undefined) ?? schema.parse(object);
    known.set(object, found);
    return found;
  }
  for (const { t, resource, type, object } of lines) {
    const present = world.get(resource) ?? new Map<string, unknown>();
    world.set(resource, present);
    if (type === "BOOKMARK") continue;
    const items =
      type === "LIST" ? z.object({ items: z.array(z.unknown()) }).parse(object).items : [object];
    for (const item of items) {
      const uid = anyObject.parse(item).metadata.uid ?? "";
      if (type === "DELETED") present.delete(uid);
      else present.set(uid, item);
    }
    yield {
      t,
      start,
      objects: {
        deployments: all("deployments", objects.deployment),
        statefulSets: all("statefulsets", objects.statefulSet),
        daemonSets: all("daemonsets", objects.daemonSet),
        jobs: [],
        replicaSets: all("replicasets", objects.replicaSet),
        pods: all("pods", objects.pod),
        events: all("events", objects.event),
        released: false,
        now: start + t,
      },
    };
  }
}

/** When t was 0: what was created during the recording says its time, to the second. */
function startOf(lines: readonly z.output<typeof line>[]): number {
  const created = lines.flatMap(({ t, type, object }) => {
    if (type !== "ADDED") return [];
    const { creationTimestamp } = anyObject.parse(object).metadata;
    return typeof creationTimestamp === "string" ? [Date.parse(creationTimestamp) - t] : [];
  });
  return Math.max(0, ...created);
}

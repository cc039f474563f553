import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { digestIn } from "../../src/cluster/image.ts";
import * as objects from "../../src/cluster/objects.ts";
import { decideRollout } from "../../src/cluster/rollout.ts";
import type { RolloutObjects } from "../../src/cluster/workload.ts";
import type { RolloutState } from "../../src/deployment/ports.ts";

/** Recordings of rollouts on a real API server; they are not part of this repository. */
export const recordings = join(import.meta.dirname, "../../../shared/recordings");

const anyObject = z.looseObject({ metadata: z.looseObject({ uid: z.string().optional() }) });
const line = z.object({
  t: z.number(),
  resource: z.string(),
  type: z.string(),
  object: z.unknown(),
});

export const repository = "omnispatial/web";
export const tag = "production-40672";

export function hasRecordings(): boolean {
  return existsSync(recordings);
}

/** A moment of a recording: milliseconds since its start, and everything that is known then. */
export interface Moment {
  readonly t: number;
  readonly objects: RolloutObjects;
}

/** Plays a recording event by event. */
export function* replay(file: string): Generator<Moment> {
  const lines = readFileSync(join(recordings, file), "utf8")
    .trim()
    .split("\n")
    .map((text) => line.parse(JSON.parse(text)));
  const start = startOf(lines);
  const world = new Map<string, Map<string, unknown>>();
  const all = (resource: string) => [...(world.get(resource)?.values() ?? [])];
  for (const { t, resource, type, object } of lines) {
    const known = world.get(resource) ?? new Map<string, unknown>();
    world.set(resource, known);
    if (type === "BOOKMARK") continue;
    const items =
      type === "LIST" ? z.object({ items: z.array(z.unknown()) }).parse(object).items : [object];
    for (const item of items) {
      const uid = anyObject.parse(item).metadata.uid ?? "";
      if (type === "DELETED") known.delete(uid);
      else known.set(uid, item);
    }
    yield {
      t,
      objects: {
        deployments: all("deployments").map((one) => objects.deployment.parse(one)),
        statefulSets: all("statefulsets").map((one) => objects.statefulSet.parse(one)),
        daemonSets: all("daemonsets").map((one) => objects.daemonSet.parse(one)),
        replicaSets: all("replicasets").map((one) => objects.replicaSet.parse(one)),
        pods: all("pods").map((one) => objects.pod.parse(one)),
        events: all("events").map((one) => objects.event.parse(one)),
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

export interface Verdict {
  /** Milliseconds since the start of the recording. */
  readonly t: number;
  readonly state: RolloutState;
}

/** What is decided about the wanted tag at every moment of a recording. */
export function verdictsOf(name: string): readonly Verdict[] {
  const file = `${name}.ndjson`;
  const digests = new Set<string>();
  for (const { objects: seen } of replay(file)) {
    for (const pod of seen.pods) {
      const container = pod.spec.containers.find(({ image }) => image.endsWith(tag));
      const status = pod.status.containerStatuses.find((one) => one.name === container?.name);
      const digest = digestIn(status?.imageID ?? "");
      if (digest !== undefined) digests.add(digest);
    }
  }
  const wanted = { repository, tag, digests: [...digests] };
  return [...replay(file)].map(({ t, objects: seen }) => ({
    t,
    state: decideRollout(seen, wanted),
  }));
}

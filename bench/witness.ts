import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { z } from "zod";
import type { World } from "../sandbox/world.ts";
import { now } from "./stage.ts";

/** What happens outside, that a deployment waits for. */
export type Happened = "run" | "merge" | "ready" | "release" | "failing";

export interface Events {
  /** When (ms since 1970) it first happened in an environment after a moment; undefined when it did not. */
  first(what: Happened, environment: string, after: number): number | undefined;
  stop(): void;
}

interface Event {
  readonly what: Happened;
  readonly environment: string;
  readonly at: number;
}

const pause = 2;
const released = z.object({
  metadata: z.object({ generation: z.number().optional() }),
  status: z.object({
    observedGeneration: z.number().optional(),
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
  }),
});
const pod = z.object({
  spec: z.object({ containers: z.array(z.object({ image: z.string() })) }),
  status: z.object({
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
    containerStatuses: z
      .array(
        z.object({
          state: z.object({ waiting: z.object({ reason: z.string().optional() }).optional() }),
        }),
      )
      .default([]),
  }),
});

/** Sees what happens in the world at the moment at which it happens: from inside the stand-ins, as nobody else can. */
export function witness(world: World): Events {
  const events: Event[] = [];
  const note = (what: Happened, environment: string) =>
    void events.push({ what, environment, at: now() });

  const completed = new Set<number>();
  const timer = setInterval(() => {
    for (const { id, status, parameters } of world.azureDevOps.runs) {
      if (status !== "completed" || completed.has(id)) continue;
      completed.add(id);
      note("run", parameters["environment"] ?? "production");
    }
  }, pause);

  async function noteMerge(before: string, after: string, at: number): Promise<void> {
    const environment = await environmentOf(world, before, after);
    if (environment !== undefined) events.push({ what: "merge", environment, at });
  }

  const forget = world.github.onPush(({ branch, before, after }) => {
    const at = now();
    if (branch !== "main" || before === undefined || after === undefined) return;
    void noteMerge(before, after, at);
  });

  const unsubscribe = world.kubernetes.store.subscribe(({ plural, object, type }) => {
    if (type === "DELETED") return;
    const environment = environmentIn(object.metadata.namespace);
    if (plural === "helmreleases" && isReleased(object)) note("release", environment);
    if (plural !== "pods") return;
    const tag = newestTag(world, environment);
    const seen = pod.safeParse(object);
    if (!seen.success || tag === undefined) return;
    const { spec, status } = seen.data;
    if (!spec.containers.some(({ image }) => image.endsWith(`:${tag}`))) return;
    if (status.containerStatuses.some(({ state }) => isBad(state.waiting?.reason)))
      note("failing", environment);
    if (isReady(status.conditions) && allReady(world, object.metadata.namespace, tag))
      note("ready", environment);
  });

  return {
    first(what, environment, after) {
      const all = events.filter((one) => one.what === what && one.environment === environment);
      // A release is ready before, too: only what comes after its pods counts.
      const from =
        what === "release" ? (this.first("ready", environment, after) ?? Infinity) : after;
      return all.find(({ at }) => at >= from)?.at;
    },
    stop() {
      clearInterval(timer);
      forget();
      unsubscribe();
    },
  };
}

const execute = promisify(execFile);

/** Whose file a merge changed. */
async function environmentOf(
  { github: { gitDir } }: World,
  before: string,
  after: string,
): Promise<string | undefined> {
  const command = ["--git-dir", gitDir, "diff", "--name-only", before, after];
  const { stdout } = await execute("git", command, { timeout: 10_000 });
  return /^clusters\/operations\/([^/]+)\//.exec(stdout)?.[1];
}

function environmentIn(namespace: string | undefined): string {
  return namespace?.replace(/^omnispatial-?/, "") || "production";
}

/** The image that the newest run in an environment makes. */
function newestTag({ azureDevOps }: World, environment: string): string | undefined {
  const run = azureDevOps.runs.findLast(
    ({ parameters }) => (parameters["environment"] ?? "production") === environment,
  );
  return run === undefined ? undefined : `${environment}-${run.id}`;
}

function isReleased(object: unknown): boolean {
  const seen = released.safeParse(object);
  if (!seen.success) return false;
  const { metadata, status } = seen.data;
  return status.observedGeneration === metadata.generation && isReady(status.conditions);
}

function isReady(
  conditions: readonly { readonly type: string; readonly status: string }[],
): boolean {
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

function isBad(reason: string | undefined): boolean {
  return ["ErrImagePull", "ImagePullBackOff", "CrashLoopBackOff"].includes(reason ?? "");
}

/** Whether as many pods of the new image are ready as are wanted. */
function allReady({ kubernetes }: World, namespace: string | undefined, tag: string): boolean {
  const pods = kubernetes.store.list("pods", namespace).map((one) => pod.parse(one));
  const ours = pods.filter(({ spec }) =>
    spec.containers.some(({ image }) => image.endsWith(`:${tag}`)),
  );
  const ready = ours.filter(({ status }) => isReady(status.conditions)).length;
  const wanted = kubernetes.store.list("deployments", namespace)[0]?.spec.replicas ?? 1;
  return ready >= wanted;
}

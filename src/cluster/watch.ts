import { setTimeout as delay } from "node:timers/promises";
import { Watch, type KubeConfig } from "@kubernetes/client-node";
import { z } from "zod";
import { ServiceError } from "../deployment/service-error.ts";
import type { Kubernetes, Resource, Where } from "./kubernetes.ts";

export interface WatchTarget extends Where {
  readonly resource: Resource;
}

/** All in milliseconds. */
export interface WatchTimes {
  /** A watch that says nothing for so long, not even a bookmark, is taken for dead and begun again. */
  readonly silence: number;
  readonly shortestWait: number;
  readonly longestWait: number;
  /** At most one hint in so long. */
  readonly between: number;
}

export const watchTimes: WatchTimes = {
  silence: 75_000,
  shortestWait: 1000,
  longestWait: 30_000,
  between: 200,
};

/** The server ends a watch by itself after so many seconds, so that none grows old. */
const timeoutSeconds = 300;

const versioned = z.object({ metadata: z.object({ resourceVersion: z.string() }) });
const gone = z.object({ code: z.literal(410) });

/**
 * Watches until the signal aborts: list, then watch from there with bookmarks; too old a version begins with the list
 * again; every other end waits from 1 s up to 30 s. `changed` only ever means: look again. Never rejects.
 */
export async function watchTarget(
  { kubeConfig, kubernetes }: { readonly kubeConfig: KubeConfig; readonly kubernetes: Kubernetes },
  target: WatchTarget,
  changed: () => void,
  signal: AbortSignal,
  times: WatchTimes = watchTimes,
): Promise<void> {
  let version: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    let asked = 0;
    try {
      if (version === undefined) {
        version = await kubernetes.versionOf(target.resource, target);
        changed();
      }
      const end = await follow(kubeConfig, target, version, changed, signal, times.silence);
      version = end.version;
      if (end.heard) failures = 0;
      if (end.well) continue;
    } catch (error) {
      // Whatever it was, the periodic look of the deployment will meet it too and tell of it.
      asked = error instanceof ServiceError ? (error.retryAfter ?? 0) : 0;
    }
    failures += 1;
    const grown = Math.min(times.longestWait, times.shortestWait * 2 ** (failures - 1));
    const wait = Math.max(grown, asked);
    await delay(wait, undefined, { signal, ref: false }).catch(() => {});
  }
}

interface End {
  /** Where to go on; undefined means from the list. */
  readonly version: string | undefined;
  /** Whether anything arrived. */
  readonly heard: boolean;
  /** Whether to go on at once. */
  readonly well: boolean;
}

/** One watch, until it ends in whatever way. */
function follow(
  kubeConfig: KubeConfig,
  { resource, namespace, labels, fields }: WatchTarget,
  from: string | undefined,
  changed: () => void,
  signal: AbortSignal,
  silence: number,
): Promise<End> {
  const watch = new Watch(kubeConfig);
  // Its own timer ends a watch on which nothing arrives; the name is private, its default of 30 s less than a bookmark's.
  Reflect.set(watch, "requestTimeoutMs", silence);
  const { promise, resolve } = Promise.withResolvers<End>();
  let version = from;
  let heard = false;
  let tooOld = false;
  const onEvent = (type: string, object: unknown): void => {
    if (type === "ERROR") {
      tooOld = gone.safeParse(object).success;
      return resolve({ version: tooOld ? undefined : version, heard, well: tooOld && heard });
    }
    heard = true;
    const found = versioned.safeParse(object);
    if (found.success) version = found.data.metadata.resourceVersion;
    if (type !== "BOOKMARK") changed();
  };
  const onEnd = (error: unknown): void => {
    const status = z.object({ statusCode: z.number() }).safeParse(error);
    const expired = status.success && status.data.statusCode === 410;
    resolve({
      version: expired ? undefined : version,
      heard,
      well: heard && (error ?? undefined) === undefined,
    });
  };
  const query = {
    allowWatchBookmarks: true,
    timeoutSeconds,
    resourceVersion: from,
    labelSelector: labels,
    fieldSelector: fields,
  };
  const opened = watch.watch(pathOf(resource, namespace), query, onEvent, onEnd);
  const close = (): void => {
    resolve({ version, heard, well: false });
    opened.then((controller) => controller.abort()).catch(() => {});
  };
  if (signal.aborted) close();
  else signal.addEventListener("abort", close, { once: true });
  opened.catch(onEnd);
  return promise.finally(() => {
    signal.removeEventListener("abort", close);
    close();
  });
}

function pathOf({ group, version, plural }: Resource, namespace: string | undefined): string {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespace === undefined
    ? `${root}/${plural}`
    : `${root}/namespaces/${namespace}/${plural}`;
}

/**
 * Passes calls on, the first at once and then at most one in as many milliseconds as `between` says then; a throw of theirs
 * goes nowhere.
 */
export function coalesce(
  hint: () => void,
  between: () => number,
): { readonly call: () => void; readonly stop: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let waiting = false;
  let stopped = false;
  const fire = (): void => {
    waiting = false;
    timer = setTimeout(() => {
      timer = undefined;
      if (waiting) fire();
    }, between());
    timer.unref();
    try {
      hint();
    } catch {
      // A hint may be lost: the periodic look is the truth.
    }
  };
  return {
    call: () => {
      if (stopped) return;
      if (timer === undefined) fire();
      else waiting = true;
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

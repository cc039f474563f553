import type { CauseCode } from "../deployment/causes.ts";
import type { ContainerStatus, Event, Pod } from "./objects.ts";
import { countEvents, findEvent } from "./pod-events.ts";
import { pullWords, short } from "./pull-words.ts";

/** What is wrong with a pod, or with one of its containers. */
export type Finding =
  | {
      readonly state: "pending";
      readonly trouble: string;
      /** What it would be if it stays: a suspicion. Missing where it is no more than a pod that starts. */
      readonly code?: CauseCode;
      readonly container?: string;
    }
  | {
      readonly state: "broken";
      readonly code: CauseCode;
      readonly detail: string;
      readonly container?: string;
    };

export interface Seen {
  readonly pod: Pod;
  /** What the cluster's events tell of this pod. */
  readonly events: readonly Event[];
  /** For how long its containers could start, in milliseconds. */
  readonly waitedFor: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What is tried again may go well: it is certain when it failed twice, or, where no event tells, after so long; ms. */
const untoldGrace = 20_000;
/** An error of a pull or a start that names no lasting reason; milliseconds. */
const errorGrace = 60_000;
/** How long a container that was restarted must run before it counts: between two crashes it is ready, too. */
const restartGrace = { least: 30_000, most: 600_000, more: 10_000 };
/** One restart is forgiven, as of an application that starts before its database. */
const manyRestarts = 2;

/** Judges one container of a new pod; undefined when nothing is wrong with it. */
export function judgeContainer(container: ContainerStatus, seen: Seen): Finding | undefined {
  const { pod, events, waitedFor } = seen;
  const { reason = "", message = "" } = container.state.waiting ?? {};
  const name = `${pod.metadata.name}: ${kindOf(pod, container)} ${container.name}`;
  const words = short(pullWords(message));
  const said = `${name}: ${reason}${words === "" ? "" : `, ${words}`}`;
  const found = (certain: boolean, code: CauseCode, detail = said): Finding =>
    certain
      ? { state: "broken", code, detail, container: container.name }
      : { state: "pending", code, trouble: detail, container: container.name };
  const failedTwice = (fits: RegExp) => {
    const times = countEvents(events, container.name, "Failed", fits);
    return times === 0 ? waitedFor >= untoldGrace : times >= 2;
  };

  if (hasCrashed(container, seen.now)) {
    const detail = `${name} ${crashOf(container, seen)}`;
    return found(crashLoops(container, seen), crashCode(container, seen), detail);
  }
  switch (reason) {
    case "InvalidImageName":
      return found(true, "image-name-invalid");
    case "ErrImageNeverPull":
    case "ImageInspectError":
      return found(true, "image-pull-failed");
    case "ErrImagePull":
    case "ImagePullBackOff": {
      const code = pullCode(message);
      if (code !== "image-pull-failed") return found(failedTwice(/^Failed to pull/), code);
      return found(!isPassing(message) && waitedFor >= errorGrace, code);
    }
    case "CreateContainerConfigError": {
      const missing = /not found|couldn't find key/.test(message);
      return found(failedTwice(/^Error: /), missing ? "config-missing" : "container-config");
    }
    case "CreateContainerError":
      return found(waitedFor >= errorGrace, "container-config");
    case "RunContainerError":
    case "PostStartHookError":
    case "PreStartHookError":
      return found(waitedFor >= errorGrace, crashCode(container, seen));
  }
  return undefined;
}

/** Whether a container ended badly, waits to be started again, or has not run long enough since. */
function hasCrashed({ state, lastState, restartCount }: ContainerStatus, now: number): boolean {
  if ((state.terminated?.exitCode ?? 0) !== 0) return true;
  if (state.waiting?.reason === "CrashLoopBackOff") return true;
  const startedAt = state.running?.startedAt;
  if (restartCount === 0 || startedAt === undefined) return false;
  const { startedAt: from, finishedAt: to } = lastState.terminated ?? {};
  const lastRun = from === undefined || to === undefined ? 0 : to - from;
  const { least, most, more } = restartGrace;
  return now - startedAt < Math.min(most, Math.max(least, lastRun + more));
}

function crashLoops(container: ContainerStatus, seen: Seen): boolean {
  const { state, lastState, restartCount } = container;
  if (isOutOfMemory(state) && isOutOfMemory(lastState)) return true;
  if (restartCount < manyRestarts) return false;
  const down = (state.running ?? undefined) === undefined;
  // A probe that kills lets the container run for a while each time.
  return down || (restartCount > manyRestarts && deadlyProbe(container, seen) !== undefined);
}

function crashCode(container: ContainerStatus, seen: Seen): CauseCode {
  const { state, lastState } = container;
  if (isOutOfMemory(state) || isOutOfMemory(lastState)) return "out-of-memory";
  if (deadlyProbe(container, seen) !== undefined) return "liveness-failing";
  const init = isInit(seen.pod, container) && !isSidecar(seen.pod, container);
  return init ? "init-container-failed" : "crash-loop";
}

function crashOf(container: ContainerStatus, seen: Seen): string {
  const { state, lastState, restartCount } = container;
  const ended = state.terminated ?? lastState.terminated ?? undefined;
  const probe = deadlyProbe(container, seen);
  const verb = probe !== undefined ? "was killed" : ended?.exitCode === 0 ? "ended" : "crashed";
  const times = restartCount === 1 ? "once" : `${restartCount} times`;
  return [
    verb,
    restartCount === 0 ? "" : `, restarted ${times}`,
    ended === undefined ? "" : `, exit code ${ended.exitCode}`,
    ended?.reason === "OOMKilled" ? ", killed for its memory" : "",
    probe === undefined ? "" : `; ${short(probe)}`,
  ].join("");
}

/** What a liveness or startup probe says that had this container killed, if one did. */
function deadlyProbe({ name }: ContainerStatus, { events, now }: Seen): string | undefined {
  const own = events.filter((one) => one.container === name);
  const killed = findEvent(own, ["Killing"], now, /failed (liveness|startup) probe/);
  if (killed === undefined) return undefined;
  const said = findEvent(own, ["Unhealthy"], now, /^(Liveness|Startup) probe/);
  return (said ?? killed).message;
}

function isOutOfMemory(state: ContainerStatus["state"]): boolean {
  return state.terminated?.reason === "OOMKilled";
}

/** Words of a registry or network that is busy: those pass. They come first, since a proxy may say "not found" in passing. */
function isPassing(message: string): boolean {
  return /too many requests|toomanyrequests|time(d )?-?out|no such host|connection (refused|reset)|temporary failure|server misbehaving|unexpected eof|service unavailable|bad gateway|internal server error|deadline exceeded/i.test(
    message,
  );
}

function pullCode(message: string): "pull-not-found" | "pull-denied" | "image-pull-failed" {
  if (isPassing(message)) return "image-pull-failed";
  if (/unauthorized|forbidden|access denied|authentication required/i.test(message)) {
    return "pull-denied";
  }
  const lasting = /not found|manifest unknown|no match for platform|invalid reference/i;
  return lasting.test(message) ? "pull-not-found" : "image-pull-failed";
}

function kindOf(pod: Pod, container: ContainerStatus): string {
  if (!isInit(pod, container)) return "container";
  return isSidecar(pod, container) ? "sidecar" : "init container";
}

function isInit(pod: Pod, container: ContainerStatus): boolean {
  return pod.status.initContainerStatuses.includes(container);
}

function isSidecar({ spec }: Pod, { name }: ContainerStatus): boolean {
  return spec.initContainers.some((one) => one.name === name && one.restartPolicy === "Always");
}

import type { CauseCode } from "../deployment/causes.ts";
import { digestIn, isOf, parseImage } from "./image.ts";
import { pullWords } from "./pull-words.ts";
import { conditionOf, type ContainerStatus, type Pod } from "./objects.ts";

export interface WantedImage {
  readonly repository: string;
  readonly tag: string;
  /** Every digest that a node may report for it; undefined where it need not be proved. */
  readonly digests: readonly string[] | undefined;
}

/** What one new pod says: it runs the image, it is on its way (and what troubles it), or it will not come up. */
export type PodState =
  | { readonly state: "ready"; readonly digest: string | undefined }
  | { readonly state: "pending"; readonly trouble?: string }
  | { readonly state: "broken"; readonly code: CauseCode; readonly detail: string };

type Pending = Extract<PodState, { state: "pending" }>;

/** A missing ConfigMap may be a moment away; milliseconds. */
const configGrace = 15_000;
/** An error of a pull or a start that names no lasting reason; milliseconds. */
const errorGrace = 60_000;
/** How long a container that was restarted must run before it counts: between two crashes it is ready, too. */
const restartGrace = 30_000;
/** One restart is forgiven, as of an application that starts before its database. */
const manyRestarts = 2;

/** Judges one new pod by the containers' states; `now` is ms since 1970. */
export function judgePod(pod: Pod, wanted: WantedImage, now: number): PodState {
  const waitedFor = now - startable(pod);
  const findings = statusesOf(pod).map((one) => judgeContainer(pod, one, waitedFor, now));
  const broken = findings.find((one) => one?.state === "broken");
  if (broken !== undefined) return broken;
  const trouble = findings.find((one) => one !== undefined) ?? unscheduled(pod);
  if (trouble !== undefined) return trouble;
  if (conditionOf(pod.status.conditions, "Ready")?.status !== "True") {
    return { state: "pending", trouble: `${pod.metadata.name}: ${unreadiness(pod)}` };
  }
  return proveImage(pod, wanted);
}

/** The container of this pod that crashes, for whose log it is worth asking. */
export function crashedContainer(pod: Pod): string | undefined {
  return statusesOf(pod).find(crashLoops)?.name;
}

function statusesOf(pod: Pod): readonly ContainerStatus[] {
  return [...pod.status.initContainerStatuses, ...pod.status.containerStatuses];
}

/** Since when the pod's containers could start: it has a node, and its init containers are through. */
function startable(pod: Pod): number {
  const marks = ["PodScheduled", "Initialized"].map((type) => {
    const found = conditionOf(pod.status.conditions, type);
    return found?.status === "True" ? (found.lastTransitionTime ?? 0) : 0;
  });
  return Math.max(pod.metadata.creationTimestamp ?? 0, ...marks);
}

function judgeContainer(
  pod: Pod,
  container: ContainerStatus,
  waitedFor: number,
  now: number,
): Exclude<PodState, { state: "ready" }> | undefined {
  const { reason = "", message = "" } = container.state.waiting ?? {};
  const name = `${pod.metadata.name}: ${isInit(pod, container) ? "init container" : "container"} ${container.name}`;
  const words = short(pullWords(message));
  const said = `${name}: ${reason}${words === "" ? "" : `, ${words}`}`;
  const broken = (code: CauseCode, detail = said) => ({ state: "broken", code, detail }) as const;
  const pending = { state: "pending", trouble: said } as const;

  if (crashLoops(container)) return broken("crash-loop", `${name} ${crashOf(container)}`);
  switch (reason) {
    case "InvalidImageName":
    case "ErrImageNeverPull":
    case "ImageInspectError":
      return broken("image-pull-failed");
    case "ErrImagePull":
    case "ImagePullBackOff": {
      if (isPassing(message)) return pending;
      const lasting = isLasting(message) || waitedFor >= errorGrace;
      return lasting ? broken("image-pull-failed") : pending;
    }
    case "CreateContainerConfigError":
      return waitedFor >= configGrace ? broken("container-config") : pending;
    case "CreateContainerError":
      return waitedFor >= errorGrace ? broken("container-config") : pending;
    case "RunContainerError":
    case "PostStartHookError":
    case "PreStartHookError":
      return waitedFor >= errorGrace ? broken("crash-loop") : pending;
    case "CrashLoopBackOff":
      return { state: "pending", trouble: `${name} ${crashOf(container)}` };
  }
  return restarted(container, name, now);
}

function crashLoops({ state, lastState, restartCount }: ContainerStatus): boolean {
  const failed = (state.terminated?.exitCode ?? 0) !== 0;
  if (state.terminated?.reason === "OOMKilled" && lastState.terminated?.reason === "OOMKilled") {
    return true;
  }
  if (restartCount < manyRestarts) return false;
  return failed || state.waiting?.reason === "CrashLoopBackOff";
}

function crashOf({ state, lastState, restartCount }: ContainerStatus): string {
  const ended = state.terminated ?? lastState.terminated;
  const code = ended === null || ended === undefined ? "" : `, exit code ${ended.exitCode}`;
  const why = ended?.reason === "OOMKilled" ? ", killed for its memory" : "";
  const times = restartCount === 1 ? "once" : `${restartCount} times`;
  const again = restartCount === 0 ? "" : `, restarted ${times}`;
  return `crashed${again}${code}${why}`;
}

/** A container that ended or was restarted a moment ago: a suspicion, no more. */
function restarted(container: ContainerStatus, name: string, now: number): Pending | undefined {
  const { state, restartCount } = container;
  if ((state.terminated?.exitCode ?? 0) !== 0) {
    return { state: "pending", trouble: `${name} ${crashOf(container)}` };
  }
  const startedAt = state.running?.startedAt;
  if (restartCount === 0 || startedAt === undefined || now - startedAt >= restartGrace) {
    return undefined;
  }
  return { state: "pending", trouble: `${name} ${crashOf(container)}` };
}

/** Words of a registry or network that is busy: those pass. They come first, since a proxy may say "not found" in passing. */
function isPassing(message: string): boolean {
  return /too many requests|toomanyrequests|time(d )?-?out|no such host|connection (refused|reset)|temporary failure|server misbehaving|unexpected eof|service unavailable|bad gateway|internal server error|deadline exceeded/i.test(
    message,
  );
}

function isLasting(message: string): boolean {
  return /not found|manifest unknown|unauthorized|forbidden|access denied|authentication required|no match for platform|invalid reference/i.test(
    message,
  );
}

function unscheduled(pod: Pod): PodState | undefined {
  const scheduled = conditionOf(pod.status.conditions, "PodScheduled");
  if (scheduled?.status !== "False") return undefined;
  const why = short(scheduled.message ?? scheduled.reason ?? "");
  return { state: "pending", trouble: `${pod.metadata.name} waits for a node: ${why}` };
}

function unreadiness(pod: Pod): string {
  const unready = pod.status.containerStatuses.filter((one) => !one.ready).map((one) => one.name);
  const running = pod.status.containerStatuses.some(
    (one) => !one.ready && (one.state.running ?? undefined) !== undefined,
  );
  if (running) return `container ${unready.join(", ")} is not ready`;
  return "starts";
}

/** A ready pod is proof only when the digest that its node reports is one of the image in the registry. */
function proveImage(pod: Pod, { repository, tag, digests }: WantedImage): PodState {
  const carried = pod.spec.containers.filter(({ image }) => isOf(image, repository));
  const other = carried.find(({ image }) => parseImage(image).tag !== tag);
  if (other !== undefined)
    return { state: "pending", trouble: `${pod.metadata.name} runs ${other.image}` };
  const running = new Map(pod.status.containerStatuses.map((one) => [one.name, one.imageID]));
  const found = carried.map(({ name }) => digestIn(running.get(name) ?? ""));
  if (digests === undefined) return { state: "ready", digest: found[0] };
  const wrong = found.find((digest) => digest !== undefined && !digests.includes(digest));
  if (wrong !== undefined) {
    const detail = `${pod.metadata.name} runs ${wrong.slice(0, 19)}…, the registry has ${(digests[0] ?? "nothing").slice(0, 19)}….`;
    return { state: "broken", code: "digest-mismatch", detail };
  }
  if (found.includes(undefined)) {
    return { state: "pending", trouble: `${pod.metadata.name} does not report its image yet` };
  }
  return { state: "ready", digest: found[0] };
}

function isInit(pod: Pod, container: ContainerStatus): boolean {
  return pod.status.initContainerStatuses.includes(container);
}

/** Words from outside, on one line and not endless. */
export function short(text: string): string {
  const line = text.trim().split(/\s+/).join(" ");
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

import { randomBytes } from "node:crypto";
import type { Control } from "./controller.ts";
import type { Events } from "./events.ts";
import { explainPullFailure, parseImage, type FindImage, type Image } from "./images.ts";
import type { Logs } from "./logs.ts";
import type { Nature, Run } from "./nature.ts";
import type { Container, ContainerStatus, Pod, TerminatedState } from "./objects.ts";
import { writePodStatus } from "./pods.ts";
import { writeStory } from "./stories.ts";

/** How long things take, in milliseconds at speed 1. Pull times and texts as in real rollouts. */
const noticing = 100;
const noticingDeletion = 30;
const sandboxing = 350;
const pulls = [1193, 1416, 826];
const gettingReady = 1300;
const probing = 1160;
const crashing = 950;
const stoppingContainers = 900;
const removing = 80;
/** Until a container that failed is looked at again; the first restart comes without a back-off. */
const noticingFailure = 800;
/** Between two tries to mount, and to create a container that could not be created. */
const mounting = { first: 500, longest: 122_000 };
const creating = 12_000;
const probePeriod = 5000;
const livenessFailures = 3;
const initializing = 900;
const working = 1500;
const backOff = { first: 10_000, longest: 300_000 };
/** A pod in back-off is looked at again and again; each look records an event. */
const backOffLook = 12_000;
const slowness = 5;

export interface PodWorkerOptions {
  readonly control: Control;
  readonly events: Events;
  readonly logs: Logs;
  readonly image: FindImage;
  /** What goes wrong now. */
  readonly nature: () => Nature;
}

/** One pod on its node: pulls, starts, restarts and ends its containers, and writes the pod's status. */
export class PodWorker {
  stopping = false;
  readonly #options: PodWorkerOptions;
  readonly #pod: Pod;
  readonly #node: string;
  readonly #present: Set<string>;
  readonly #ordinal: number;
  readonly #stopped = new AbortController();
  readonly #statuses: ContainerStatus[];
  readonly #initStatuses: ContainerStatus[];
  readonly #startTime: string;
  readonly #hostIP: string;
  readonly #ip: string;
  #sandbox = false;
  #ended = false;

  constructor(options: PodWorkerOptions, pod: Pod, present: Set<string>, ordinal: number) {
    const { store, clock } = options.control;
    this.#options = options;
    this.#pod = pod;
    this.#node = pod.spec.nodeName ?? "";
    this.#present = present;
    this.#ordinal = ordinal;
    this.#startTime = clock.timestamp();
    const node = store.get("nodes", undefined, this.#node);
    this.#hostIP =
      node?.status.addresses.find(({ type }) => type === "InternalIP")?.address ?? "10.224.0.4";
    this.#ip = `10.244.${Number(this.#hostIP.split(".").at(-1)) - 4}.${9 + ordinal}`;
    const inits = pod.spec.initContainers ?? [];
    const reason = inits.length === 0 ? "ContainerCreating" : "PodInitializing";
    const waiting = ({ name, image }: Container): ContainerStatus => ({
      name,
      state: { waiting: { reason } },
      lastState: {},
      ready: false,
      restartCount: 0,
      image,
      imageID: "",
      started: false,
    });
    this.#initStatuses = inits.map(waiting);
    this.#statuses = pod.spec.containers.map(waiting);
  }

  async run(closing: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([closing, this.#stopped.signal]);
    await this.#sleep(noticing, signal);
    this.#publish();
    await this.#prepare(signal);
    await this.#sleep(sandboxing, signal);
    this.#sandbox = true;
    this.#publish();
    for (const [i, status] of this.#initStatuses.entries()) {
      await this.#runInit(this.#pod.spec.initContainers?.[i], status, signal);
    }
    await Promise.all(
      this.#statuses.map((status, i) =>
        this.#runContainer(this.#pod.spec.containers[i], status, signal),
      ),
    );
    if (!this.#endsForGood) return;
    this.#ended = true;
    this.#sandbox = false;
    this.#publish();
  }

  /** A Job's pod comes to an end. */
  get #endsForGood(): boolean {
    return (this.#pod.spec["restartPolicy"] ?? "Always") !== "Always";
  }

  /** Ends the containers and removes the pod. */
  async stop(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#options.control;
    const { namespace, name } = this.#pod.metadata;
    this.#stopped.abort();
    await this.#sleep(noticingDeletion, signal);
    this.#publish();
    for (const { name: container, state } of this.#statuses) {
      if (state.running !== undefined)
        this.#tell(container, "Normal", "Killing", `Stopping container ${container}`);
    }
    await this.#sleep(stoppingContainers, signal);
    for (const status of this.#statuses) this.#endContainer(status);
    this.#sandbox = false;
    this.#ended = true;
    this.#publish();
    await this.#sleep(removing, signal);
    store.update("pods", namespace, name, ({ metadata }) => {
      metadata.deletionTimestamp = clock.timestamp();
      metadata.deletionGracePeriodSeconds = 0;
    });
    store.remove("pods", namespace, name);
  }

  async #runContainer(
    container: Container | undefined,
    status: ContainerStatus,
    signal: AbortSignal,
  ): Promise<void> {
    if (container === undefined) return;
    await this.#create(container, status, signal, isNameless);
    const image = await this.#pull(container, status, signal);
    for (let attempt = 1; ; attempt += 1) {
      await this.#create(container, status, signal);
      this.#start(container, status, image);
      const run = this.#runOf(container, image, attempt);
      if ("readyAfter" in run) return this.#becomeReady(container, status, run.readyAfter, signal);
      if ("killedAfter" in run) await this.#kill(container, status, run.killedAfter, signal);
      else if (this.#isLast(run)) return this.#endWithout(status, run, signal);
      else await this.#crash(container, status, run, signal);
    }
  }

  /** Whether a container is not started again after this run. */
  #isLast({ exitCode }: Extract<Run, { ends: number }>): boolean {
    const policy = this.#pod.spec["restartPolicy"];
    return policy === "Never" || (policy === "OnFailure" && exitCode === 0);
  }

  async #endWithout(
    status: ContainerStatus,
    { ends, exitCode, reason }: Extract<Run, { ends: number }>,
    signal: AbortSignal,
  ): Promise<void> {
    status.ready = true;
    this.#publish();
    await this.#sleep(ends, signal);
    const why = reason ?? (exitCode === 0 ? "Completed" : "Error");
    status.state = { terminated: this.#terminated(status, exitCode, why) };
    status.started = false;
    status.ready = false;
    this.#publish();
  }

  #runOf(container: Container, image: Image, attempt: number): Run {
    const own = this.#options.nature().run?.(this.#pod, container, attempt);
    if (own !== undefined) return own;
    if (image.scenario === "crash-loop") return { ends: probing + crashing, exitCode: 1 };
    if (this.#endsForGood) return { ends: working * pace(image), exitCode: 0 };
    return { readyAfter: gettingReady * pace(image) };
  }

  /** Mounts and the sandbox: what fails is tried again, ever later. */
  async #prepare(signal: AbortSignal): Promise<void> {
    let wait = mounting.first;
    for (let attempt = 1; ; attempt += 1) {
      const refusal = this.#options.nature().prepare?.(this.#pod, attempt);
      if (refusal === undefined) return;
      this.#tell(undefined, "Warning", refusal.reason, refusal.message);
      await this.#sleep(wait, signal);
      wait = Math.min(wait * 2, mounting.longest);
    }
  }

  /** An init container has to end well before the next one begins. */
  async #runInit(
    container: Container | undefined,
    status: ContainerStatus,
    signal: AbortSignal,
  ): Promise<void> {
    if (container === undefined) return;
    const image = await this.#pull(container, status, signal);
    for (let attempt = 1; ; attempt += 1) {
      this.#start(container, status, image);
      const run = this.#options.nature().run?.(this.#pod, container, attempt);
      if (run === undefined || !("ends" in run)) {
        await this.#sleep(initializing, signal);
        status.state = { terminated: this.#terminated(status, 0, "Completed") };
        status.ready = true;
        return this.#publish();
      }
      await this.#crash(container, status, run, signal);
    }
  }

  /** Waits until the container can be created; `only` looks for one reason. */
  async #create(
    container: Container,
    status: ContainerStatus,
    signal: AbortSignal,
    only: (reason: string) => boolean = (reason) => !isNameless(reason),
  ): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const refusal = this.#options.nature().create?.(this.#pod, container, attempt);
      if (refusal === undefined || !only(refusal.reason)) return;
      const { reason, message } = refusal;
      const nameless = isNameless(reason);
      this.#tell(
        container.name,
        "Warning",
        nameless ? "InspectFailed" : "Failed",
        nameless ? message : `Error: ${message}`,
      );
      if (nameless) this.#tell(container.name, "Warning", "Failed", `Error: ${reason}`);
      status.state = { waiting: { reason, message } };
      this.#publish();
      await this.#sleep(creating, signal);
    }
  }

  async #becomeReady(
    { name }: Container,
    status: ContainerStatus,
    after: number | "never",
    signal: AbortSignal,
  ): Promise<void> {
    for (let left = after; left === "never" || left > probePeriod;) {
      await this.#sleep(probePeriod, signal);
      const said = "Readiness probe failed: HTTP probe failed with statuscode: 503";
      this.#tell(name, "Warning", "Unhealthy", said);
      if (left !== "never") left -= probePeriod;
      if (left !== "never" && left <= probePeriod) await this.#sleep(left, signal);
    }
    if (after !== "never" && after <= probePeriod) await this.#sleep(after, signal);
    status.ready = true;
    this.#publish();
  }

  /** It is ready, until its liveness probe has failed too often. */
  async #kill(
    container: Container,
    status: ContainerStatus,
    after: number,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#sleep(gettingReady, signal);
    status.ready = true;
    this.#publish();
    for (let failure = 0; failure < livenessFailures; failure += 1) {
      await this.#sleep(after / livenessFailures, signal);
      const said = "Liveness probe failed: HTTP probe failed with statuscode: 500";
      this.#tell(container.name, "Warning", "Unhealthy", said);
    }
    const text = `Container ${container.name} failed liveness probe, will be restarted`;
    this.#tell(container.name, "Normal", "Killing", text);
    await this.#end(container, status, this.#terminated(status, 137, "Error"), signal);
  }

  async #pull(
    { name, image: reference }: Container,
    status: ContainerStatus,
    signal: AbortSignal,
  ): Promise<Image> {
    const image = this.#options.image(reference);
    if (this.#present.has(`${this.#node} ${reference}`) && image !== undefined) {
      this.#tellPresent(name, reference);
      return image;
    }
    let wait = backOff.first;
    for (let attempt = 1; ; attempt += 1, wait = Math.min(wait * 2, backOff.longest)) {
      this.#tell(name, "Normal", "Pulling", `Pulling image "${reference}"`);
      const duration = (pulls[this.#ordinal % pulls.length] ?? 1000) * pace(image);
      await this.#sleep(duration, signal);
      const found = this.#options.image(reference);
      const failure =
        this.#options.nature().pull?.(parseImage(reference), attempt) ??
        explainPullFailure(reference, found);
      if (found !== undefined && failure === undefined) {
        this.#present.add(`${this.#node} ${reference}`);
        const took = `${duration / 1000}s`;
        const text = `Successfully pulled image "${reference}" in ${took} (${took} including waiting). Image size: 180626768 bytes.`;
        this.#tell(name, "Normal", "Pulled", text);
        return found;
      }
      await this.#waitToPull(name, reference, failure ?? "", wait, status, signal);
    }
  }

  async #waitToPull(
    name: string,
    reference: string,
    failure: string,
    wait: number,
    status: ContainerStatus,
    signal: AbortSignal,
  ): Promise<void> {
    this.#tell(name, "Warning", "Failed", `Failed to pull image "${reference}": ${failure}`);
    this.#tell(name, "Warning", "Failed", "Error: ErrImagePull");
    status.state = { waiting: { reason: "ErrImagePull", message: failure } };
    this.#publish();
    let waited = 1500;
    await this.#sleep(waited, signal);
    const text = `Back-off pulling image "${reference}"`;
    status.state = {
      waiting: { reason: "ImagePullBackOff", message: `${text}: ErrImagePull: ${failure}` },
    };
    this.#publish();
    while (waited < wait) {
      this.#tell(name, "Normal", "BackOff", text);
      this.#tell(name, "Warning", "Failed", "Error: ImagePullBackOff");
      const look = Math.min(backOffLook, wait - waited);
      await this.#sleep(look, signal);
      waited += look;
    }
  }

  #start(container: Container, status: ContainerStatus, image: Image): void {
    const { name, image: reference, resources } = container;
    const { clock } = this.#options.control;
    this.#tell(name, "Normal", "Created", "Container created");
    this.#tell(name, "Normal", "Started", "Container started");
    const previous = status.containerID;
    if (status.state.terminated !== undefined)
      status.lastState = { terminated: status.state.terminated };
    status.state = { running: { startedAt: clock.timestamp() } };
    status.imageID = `${parseImage(reference).name}@${image.digest}`;
    status.containerID = `containerd://${randomBytes(32).toString("hex")}`;
    status.started = true;
    status.user = { linux: { uid: 10001, gid: 10001, supplementalGroups: [10001] } };
    if (previous !== undefined) status.restartCount += 1;
    if (resources !== undefined) status.resources = resources;
    if (resources?.requests !== undefined) status.allocatedResources = resources.requests;
    const said = this.#options.nature().says?.(this.#pod, container) ?? [];
    this.#options.logs.write(status.containerID, [
      ...writeStory(clock.now(), parseImage(reference).tag, image.scenario),
      ...said.map((line) => `${new Date(clock.now()).toISOString()} ${line}`),
    ]);
    this.#publish();
  }

  /** The container ends, waits for its back-off, and is about to be started again. */
  async #crash(
    container: Container,
    status: ContainerStatus,
    { ends, exitCode, reason }: Extract<Run, { ends: number }>,
    signal: AbortSignal,
  ): Promise<void> {
    const early = Math.min(probing, ends);
    await this.#sleep(early, signal);
    if (ends > 2 * gettingReady) {
      status.ready = true;
      this.#publish();
    } else {
      const probe = `Get "http://${this.#ip}:8080/healthz": dial tcp ${this.#ip}:8080: connect: connection refused`;
      this.#tell(container.name, "Warning", "Unhealthy", `Readiness probe failed: ${probe}`);
    }
    await this.#sleep(ends - early, signal);
    const why = reason ?? (exitCode === 0 ? "Completed" : "Error");
    await this.#end(container, status, this.#terminated(status, exitCode, why), signal);
  }

  async #end(
    { name, image: reference }: Container,
    status: ContainerStatus,
    ended: TerminatedState,
    signal: AbortSignal,
  ): Promise<void> {
    status.state = { terminated: ended };
    status.started = false;
    status.ready = false;
    this.#publish();
    await this.#sleep(noticingFailure, signal);
    if (status.restartCount > 0) {
      const { uid, namespace } = this.#pod.metadata;
      const pod = `${this.#pod.metadata.name}_${namespace}(${uid})`;
      const wait = Math.min(backOff.first * 2 ** (status.restartCount - 1), backOff.longest);
      const message = `back-off ${formatDuration(wait)} restarting failed container=${name} pod=${pod}`;
      status.lastState = { terminated: ended };
      status.state = { waiting: { reason: "CrashLoopBackOff", message } };
      this.#tell(
        name,
        "Warning",
        "BackOff",
        `Back-off restarting failed container ${name} in pod ${pod}`,
      );
      this.#publish();
      await this.#sleep(wait, signal);
    }
    this.#tellPresent(name, reference);
  }

  #terminated(status: ContainerStatus, exitCode: number, reason: string): TerminatedState {
    const { containerID } = status;
    return {
      exitCode,
      reason,
      startedAt: status.state.running?.startedAt ?? null,
      finishedAt: this.#options.control.clock.timestamp(),
      ...(containerID === undefined ? {} : { containerID }),
    };
  }

  #endContainer(status: ContainerStatus): void {
    const { clock } = this.#options.control;
    const { running, waiting } = status.state;
    status.ready = false;
    status.started = false;
    if (running !== undefined) {
      const ended = {
        exitCode: 0,
        reason: "Completed",
        startedAt: running.startedAt,
        finishedAt: clock.timestamp(),
      };
      status.state = {
        terminated: {
          ...ended,
          ...(status.containerID === undefined ? {} : { containerID: status.containerID }),
        },
      };
    } else if (waiting !== undefined) {
      const message = "The container could not be located when the pod was terminated";
      const end = {
        exitCode: 137,
        reason: "ContainerStatusUnknown",
        message,
        startedAt: null,
        finishedAt: null,
      };
      status.state = { terminated: status.lastState.terminated ?? end };
    }
  }

  #publish(): void {
    const { store, clock } = this.#options.control;
    const { namespace, name, uid } = this.#pod.metadata;
    const started = this.#statuses.some(({ containerID }) => containerID !== undefined);
    store.update("pods", namespace, name, (pod) => {
      if (pod.metadata.uid !== uid) return;
      // Who was evicted stays so.
      if (pod.status.phase === "Failed" && !this.stopping) return;
      const view = {
        containers: this.#statuses,
        inits: this.#initStatuses,
        sandbox: this.#sandbox,
        ip: started ? this.#ip : undefined,
      };
      writePodStatus(
        pod,
        { ...view, hostIP: this.#hostIP, startTime: this.#startTime, ended: this.#ended },
        clock.timestamp(),
      );
    });
  }

  #tellPresent(container: string, reference: string): void {
    const text = `Container image "${reference}" already present on machine and can be accessed by the pod`;
    this.#tell(container, "Normal", "Pulled", text);
  }

  #tell(
    container: string | undefined,
    type: "Normal" | "Warning",
    reason: string,
    message: string,
  ): void {
    const about = this.#pod;
    this.#options.events.record({
      about,
      type,
      reason,
      message,
      component: "kubelet",
      host: this.#node,
      ...(container === undefined ? {} : { container }),
    });
  }

  #sleep(duration: number, signal: AbortSignal): Promise<void> {
    return this.#options.control.clock.sleep(duration, signal);
  }
}

function isNameless(reason: string): boolean {
  return reason === "InvalidImageName";
}

function pace(image: Image | undefined): number {
  return image?.scenario === "slow" ? slowness : 1;
}

/** As Go writes a duration of whole seconds: 10s, 1m20s, 5m0s. */
function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

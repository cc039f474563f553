import { randomBytes } from "node:crypto";
import type { Control } from "./controller.ts";
import type { Events } from "./events.ts";
import { explainPullFailure, parseImage, type FindImage, type Image } from "./images.ts";
import type { Logs } from "./logs.ts";
import type { Container, ContainerStatus, Pod } from "./objects.ts";
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
const backOff = { first: 10_000, longest: 300_000 };
/** A pod in back-off is looked at again and again; each look records an event. */
const backOffLook = 12_000;
const slowness = 5;

export interface PodWorkerOptions {
  readonly control: Control;
  readonly events: Events;
  readonly logs: Logs;
  readonly image: FindImage;
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
    this.#statuses = pod.spec.containers.map(({ name, image }) => ({
      name,
      state: { waiting: { reason: "ContainerCreating" } },
      lastState: {},
      ready: false,
      restartCount: 0,
      image,
      imageID: "",
      started: false,
    }));
  }

  async run(closing: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([closing, this.#stopped.signal]);
    await this.#sleep(noticing, signal);
    this.#publish();
    await this.#sleep(sandboxing, signal);
    this.#sandbox = true;
    this.#publish();
    await Promise.all(
      this.#statuses.map((status, i) =>
        this.#runContainer(this.#pod.spec.containers[i], status, signal),
      ),
    );
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
    const image = await this.#pull(container, status, signal);
    for (;;) {
      this.#start(container, status, image);
      if (image.scenario !== "crash-loop") break;
      await this.#crash(container, status, signal);
    }
    await this.#sleep(gettingReady * pace(image), signal);
    status.ready = true;
    this.#publish();
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
    for (let wait = backOff.first; ; wait = Math.min(wait * 2, backOff.longest)) {
      this.#tell(name, "Normal", "Pulling", `Pulling image "${reference}"`);
      const duration = (pulls[this.#ordinal % pulls.length] ?? 1000) * pace(image);
      await this.#sleep(duration, signal);
      const found = this.#options.image(reference);
      const failure = explainPullFailure(reference, found);
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

  #start(
    { name, image: reference, resources }: Container,
    status: ContainerStatus,
    image: Image,
  ): void {
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
    this.#options.logs.write(
      status.containerID,
      writeStory(clock.now(), parseImage(reference).tag, image.scenario),
    );
    this.#publish();
  }

  /** The container exits with 1, waits for its back-off, and is about to be started again. */
  async #crash(
    { name, image: reference }: Container,
    status: ContainerStatus,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#options.control;
    await this.#sleep(probing, signal);
    const probe = `Get "http://${this.#ip}:8080/healthz": dial tcp ${this.#ip}:8080: connect: connection refused`;
    this.#tell(name, "Warning", "Unhealthy", `Readiness probe failed: ${probe}`);
    await this.#sleep(crashing, signal);
    const { containerID } = status;
    const ended = {
      exitCode: 1,
      reason: "Error",
      startedAt: status.state.running?.startedAt ?? null,
      finishedAt: clock.timestamp(),
      ...(containerID === undefined ? {} : { containerID }),
    };
    status.state = { terminated: ended };
    status.started = false;
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
      const view = {
        containers: this.#statuses,
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

  #tell(container: string, type: "Normal" | "Warning", reason: string, message: string): void {
    const about = this.#pod;
    this.#options.events.record({
      about,
      type,
      reason,
      message,
      component: "kubelet",
      host: this.#node,
      container,
    });
  }

  #sleep(duration: number, signal: AbortSignal): Promise<void> {
    return this.#options.control.clock.sleep(duration, signal);
  }
}

function pace(image: Image | undefined): number {
  return image?.scenario === "slow" ? slowness : 1;
}

/** As Go writes a duration of whole seconds: 10s, 1m20s, 5m0s. */
function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

import type { StandInAnswer } from "../stand-in.ts";
import { badRequest } from "./answers.ts";
import type { ContainerStatus, Pod } from "./objects.ts";

/** What the containers wrote, by containerID. */
export class Logs {
  readonly #lines = new Map<string, string[]>();

  write(containerID: string, lines: readonly string[]): void {
    this.#lines.set(containerID, [...(this.#lines.get(containerID) ?? []), ...lines]);
  }

  /** Answers `GET …/pods/<name>/log` with `container`, `previous`, `tailLines` and `limitBytes`. */
  answer(pod: Pod, query: URLSearchParams): StandInAnswer {
    const inits = (pod.spec.initContainers ?? []).map((one) => one.name);
    const names = pod.spec.containers.map((one) => one.name);
    const name = query.get("container") ?? (names.length === 1 ? names[0] : undefined);
    if (name === undefined) {
      return badRequest(
        `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names.join(" ")}]`,
      );
    }
    if (!names.includes(name) && !inits.includes(name))
      return badRequest(`container ${name} is not valid for pod ${pod.metadata.name}`);
    const statuses = [
      ...(pod.status.initContainerStatuses ?? []),
      ...(pod.status.containerStatuses ?? []),
    ];
    const status = statuses.find((one) => one.name === name);
    const previous = query.get("previous") === "true";
    const id = previous ? status?.lastState.terminated?.containerID : currentID(status);
    if (id === undefined) return badRequest(explainMissing(pod, name, status, previous));
    return { status: 200, headers: { "content-type": "text/plain" }, body: this.#read(id, query) };
  }

  #read(id: string, query: URLSearchParams): string {
    const lines = this.#lines.get(id) ?? [];
    const tail = query.get("tailLines");
    const limit = query.get("limitBytes");
    const kept = tail === null ? lines : Number(tail) === 0 ? [] : lines.slice(-Number(tail));
    const text = kept.map((line) => `${line}\n`).join("");
    return limit === null ? text : Buffer.from(text).subarray(0, Number(limit)).toString("utf8");
  }
}

/** While a container waits for its restart, its log is that of the one before. */
function currentID(status: ContainerStatus | undefined): string | undefined {
  if (status?.state.waiting === undefined) return status?.containerID;
  return status.lastState.terminated?.containerID;
}

function explainMissing(
  pod: Pod,
  name: string,
  status: ContainerStatus | undefined,
  previous: boolean,
): string {
  const where = `container "${name}" in pod "${pod.metadata.name}"`;
  if (previous) return `previous terminated ${where} not found`;
  const reason = status?.state.waiting?.reason ?? "PodInitializing";
  const pulling = reason === "ErrImagePull" || reason === "ImagePullBackOff";
  return `${where} is waiting to start: ${pulling ? "trying and failing to pull image" : reason}`;
}

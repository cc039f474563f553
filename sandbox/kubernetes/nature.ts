import type { ImageName } from "./images.ts";
import type { Container, KubernetesObject, Pod, PodSpec } from "./objects.ts";

/** How one run of a container goes. Times are milliseconds at speed 1, from its start. */
export type Run =
  /** It ends by itself; `OOMKilled` when it took more memory than it may. */
  | { readonly ends: number; readonly exitCode: number; readonly reason?: "OOMKilled" }
  /** It becomes ready then, or never; its readiness probe fails until then. */
  | { readonly readyAfter: number | "never" }
  /** It is ready at once, and its liveness probe has it killed then. */
  | { readonly killedAfter: number };

export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/**
 * What can go wrong with pods, by the nature of their images, their nodes and their cluster. Each is asked again at each
 * attempt, as the real parts do; undefined means that it goes well, and a part that is left out that nothing goes wrong.
 */
export interface Nature {
  /** Why a controller may not create a pod for an object: a quota, an admission webhook. */
  readonly admit?: (owner: KubernetesObject) => string | undefined;
  /** What an admission webhook makes of a new pod. */
  readonly mutate?: (spec: PodSpec) => PodSpec;
  /** Why no node fits. */
  readonly schedule?: (pod: Pod) => string | undefined;
  /** Why volumes cannot be mounted, or the sandbox not be created. */
  readonly prepare?: (pod: Pod, attempt: number) => Refusal | undefined;
  /** Why an image cannot be pulled, in the runtime's words. */
  readonly pull?: (image: ImageName, attempt: number) => string | undefined;
  /** Why a container cannot be created. */
  readonly create?: (pod: Pod, container: Container, attempt: number) => Refusal | undefined;
  /** How its run goes; undefined as its image has it. */
  readonly run?: (pod: Pod, container: Container, attempt: number) => Run | undefined;
  /** What it writes to its log, beside what it always does. */
  readonly says?: (pod: Pod, container: Container) => readonly string[];
}

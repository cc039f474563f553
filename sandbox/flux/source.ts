import { createHash } from "node:crypto";
import { keyOf, parseKey, runController } from "../kubernetes/controller.ts";
import type { Kubernetes } from "../kubernetes/kubernetes.ts";
import type { Artifact, GitRepository } from "../kubernetes/objects.ts";
import { awake } from "./controllers.ts";
import { dropConditions, setConditions, settleRequest } from "./conditions.ts";
import { parseDuration } from "./duration.ts";
import type { Commit, Repository } from "./repository.ts";
import { ownChanges } from "./trigger.ts";

const component = "source-controller";

/** Why the Git server does not answer Flux. */
export interface Refusal {
  readonly reason: "AuthenticationFailed" | "GitOperationFailed";
  readonly message: string;
}

/** Fetching and packing, milliseconds at speed 1. */
const looking = 400;
const packing = 800;
const retry = 10_000;

/** Looks at the branch of every GitRepository at its interval, or when it is asked to. */
export function runSourceController(
  kubernetes: Kubernetes,
  repository: Repository,
  refusal: () => Refusal | undefined,
): void {
  const { store, clock } = kubernetes;

  async function reconcile(key: string, signal: AbortSignal): Promise<number | undefined> {
    const { namespace, name } = parseKey(key);
    await awake(kubernetes, component, signal);
    const source = store.get("gitrepositories", namespace, name);
    if (source === undefined || source.spec.suspend === true) return undefined;
    await clock.sleep(looking, signal);
    const refused = refusal();
    if (refused !== undefined) {
      fail(source, refused);
      return retry;
    }
    try {
      const head = await repository.head(source.spec.ref.branch);
      await follow(source, head, signal);
      return parseDuration(source.spec.interval);
    } catch (error) {
      if (signal.aborted) throw error;
      const message = error instanceof Error ? error.message : String(error);
      fail(source, { reason: "GitOperationFailed", message });
      return retry;
    }
  }

  async function follow(source: GitRepository, head: Commit, signal: AbortSignal): Promise<void> {
    const { namespace, name } = source.metadata;
    const revision = revisionOf(source, head);
    if (source.status.artifact?.revision !== revision) {
      const news = `new upstream revision '${revision}'`;
      store.update("gitrepositories", namespace, name, (draft) => {
        setConditions(
          draft,
          clock,
          ["ArtifactOutdated", "True", "NewRevision", news],
          ["Reconciling", "True", "Progressing", `building artifact: ${news}`],
          ["Ready", "Unknown", "Progressing", `building artifact: ${news}`],
        );
      });
      await clock.sleep(packing, signal);
    }
    publishRevision(kubernetes, source, head);
  }

  function fail(source: GitRepository, { reason, message: why }: Refusal): void {
    const { namespace, name } = source.metadata;
    const message = `failed to checkout and determine revision: ${why}`;
    const failed = store.update("gitrepositories", namespace, name, (draft) => {
      setConditions(
        draft,
        clock,
        ["FetchFailed", "True", reason, message],
        ["Reconciling", "True", "ProgressingWithRetry", message],
        ["Ready", "False", reason, message],
      );
      settleRequest(draft);
    });
    if (failed !== undefined) {
      kubernetes.events.record({
        about: failed,
        type: "Warning",
        reason,
        message,
        component,
      });
    }
  }

  runController(kubernetes, {
    name: component,
    initial: store.list("gitrepositories").map(({ metadata }) => keyOf(metadata)),
    keys: (change) => ownChanges("gitrepositories", change),
    reconcile,
  });
}

/** Writes that a commit is fetched and stored. */
export function publishRevision(
  { store, clock, events }: Kubernetes,
  source: GitRepository,
  head: Commit,
): void {
  const { namespace = "", name } = source.metadata;
  const revision = revisionOf(source, head);
  const stored = `stored artifact for revision '${revision}'`;
  const isNew = source.status.artifact?.revision !== revision;
  const written = store.update("gitrepositories", namespace, name, (draft) => {
    if (isNew)
      draft.status.artifact = describeArtifact(namespace, name, revision, head, clock.timestamp());
    dropConditions(draft, "ArtifactOutdated", "Reconciling", "FetchFailed");
    setConditions(
      draft,
      clock,
      ["ArtifactInStorage", "True", "Succeeded", stored],
      ["Ready", "True", "Succeeded", stored],
    );
    draft.status.observedGeneration = draft.metadata.generation ?? 1;
    settleRequest(draft);
  });
  if (written === undefined || !isNew) return;
  const message = `stored artifact for commit '${head.subject}'`;
  events.record({ about: written, reason: "NewArtifact", message, component });
}

export function revisionOf(source: GitRepository, { sha }: Commit): string {
  return `${source.spec.ref.branch}@sha1:${sha}`;
}

function describeArtifact(
  namespace: string,
  name: string,
  revision: string,
  { sha }: Commit,
  now: string,
): Artifact {
  const path = `gitrepository/${namespace}/${name}/${sha}.tar.gz`;
  return {
    digest: `sha256:${createHash("sha256").update(revision).digest("hex")}`,
    lastUpdateTime: now,
    path,
    revision,
    size: 4096 + (Number.parseInt(sha.slice(0, 4), 16) % 4096),
    url: `http://source-controller.flux-system.svc.cluster.local./${path}`,
  };
}

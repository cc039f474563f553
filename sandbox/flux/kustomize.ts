import { keyOf, parseKey, runController } from "../kubernetes/controller.ts";
import type { Kubernetes } from "../kubernetes/kubernetes.ts";
import type { Change } from "../kubernetes/store.ts";
import { Applier } from "./apply.ts";
import { isTrue } from "./conditions.ts";
import { awake } from "./controllers.ts";
import { Failure, Pass } from "./kustomize-pass.ts";
import type { Overtaking } from "./overtaking.ts";
import type { Repository } from "./repository.ts";
import { ownChanges } from "./trigger.ts";

const sourceRetry = 30_000;
const dependencyRetry = 30_000;

function isReady(
  store: Kubernetes["store"],
  namespace: string,
  one: { readonly name: string; readonly namespace?: string },
): boolean {
  const found = store.get("kustomizations", one.namespace ?? namespace, one.name);
  return found !== undefined && isTrue(found, "Ready");
}

/** Applies what the repository says at the revision that the source controller fetched, and waits for its health. */
export function runKustomizeController(
  kubernetes: Kubernetes,
  repository: Repository,
  options: Overtaking,
): void {
  const { store } = kubernetes;
  const applier = new Applier(kubernetes);

  function keys(change: Change): string[] {
    const own = ownChanges("kustomizations", change);
    if (change.plural !== "gitrepositories" || change.type === "DELETED") return own;
    const { namespace = "", name } = change.object.metadata;
    const source = store.get("gitrepositories", namespace, name);
    const users = store.list("kustomizations").filter(({ spec, metadata }) => {
      const same =
        spec.sourceRef.name === name &&
        (spec.sourceRef.namespace ?? metadata.namespace) === namespace;
      return same && source?.status.artifact?.revision !== revisions.get(keyOf(metadata));
    });
    return users.map(({ metadata }) => keyOf(metadata));
  }

  /** The revision that each Kustomization began to apply last. */
  const revisions = new Map<string, string>();

  runController(kubernetes, {
    name: "kustomize-controller",
    keys,
    reconcile: async (key, signal) => {
      const { namespace, name } = parseKey(key);
      await awake(kubernetes, "kustomize-controller", signal);
      const object = store.get("kustomizations", namespace, name);
      if (object === undefined || object.spec.suspend === true) return undefined;
      const source = store.get(
        "gitrepositories",
        object.spec.sourceRef.namespace ?? namespace,
        object.spec.sourceRef.name,
      );
      const revision = source?.status.artifact?.revision;
      const pass = new Pass(
        kubernetes,
        repository,
        applier,
        options,
        object,
        revision ?? "",
        signal,
      );
      const dependency = object.spec.dependsOn?.find((one) => !isReady(store, namespace, one));
      if (dependency !== undefined) {
        const id = `${dependency.namespace ?? namespace}/${dependency.name}`;
        pass.finishFailed(new Failure("DependencyNotReady", `dependency '${id}' is not ready`));
        return dependencyRetry;
      }
      if (revision === undefined) {
        pass.finishFailed(
          new Failure("ArtifactFailed", "Source artifact not found, retrying in 30s"),
        );
        return sourceRetry;
      }
      revisions.set(key, revision);
      return await pass.run();
    },
  });
}

import { z } from "zod";
import type { Excerpt } from "../deployment/deployment.ts";
import { tailOf } from "../deployment/words.ts";
import type { Found } from "./find-objects.ts";
import type { Kubernetes } from "./kubernetes.ts";
import { deployment, pod } from "./objects.ts";
import { workloadResources } from "./read-workloads.ts";

/** Those of Flux that bring a change to the cluster: each fetches, applies or releases. */
export type Controller = "source-controller" | "kustomize-controller" | "helm-controller";

/** Where Flux runs unless somebody moved it. */
const usualNamespace = "flux-system";
/** How much of a controller's log is read, and how much of it is kept: lines, bytes. */
const read = { lines: 400, bytes: 256 * 1024 };
const kept = { lines: 4, bytes: 2048 };

/** Whether a controller runs; undefined where omnibot cannot see it, which is no failure of the deployment. */
export async function isRunning(
  kubernetes: Kubernetes,
  controller: Controller,
  namespace = usualNamespace,
): Promise<boolean | undefined> {
  const seen = await kubernetes
    .get(workloadResources.deployments, namespace, controller)
    .catch(() => undefined);
  const found = deployment.safeParse(seen);
  return found.success ? found.data.status.availableReplicas > 0 : undefined;
}

const line = z.object({
  level: z.string(),
  msg: z.string().default(""),
  error: z.string().default(""),
  name: z.string(),
  namespace: z.string().default(""),
});

/** What a controller last logged as wrong with one object; undefined where it logged nothing, or omnibot may not read it. */
export async function readControllerLog(
  kubernetes: Kubernetes,
  controller: Controller,
  { object, namespace }: Found<{ readonly metadata: { readonly name: string } }>,
  home = usualNamespace,
): Promise<Excerpt | undefined> {
  try {
    const where = { namespace: home, labels: `app=${controller}` };
    const list = await kubernetes.list(workloadResources.pods, where);
    const texts = await Promise.all(
      list.slice(0, 2).map((item) => {
        const { name } = pod.parse(item).metadata;
        const request = { namespace: home, pod: name, container: "manager", previous: false };
        return kubernetes.readLog({ ...request, ...read });
      }),
    );
    const about = texts
      .flatMap((text) => text.split("\n"))
      .flatMap((text) => parsed(text) ?? [])
      .filter((one) => one.name === object.metadata.name && one.namespace === namespace)
      .filter(({ level }) => level === "error")
      .map(({ msg, error }) => (error === "" ? msg : error));
    const lines = tailOf([...new Set(about)].slice(-kept.lines).join("\n"), kept.bytes);
    return lines.length === 0 ? undefined : { title: `Log of ${controller}`, lines };
  } catch {
    // It may be forbidden, and it is only what makes a failure easier to understand.
    return undefined;
  }
}

function parsed(text: string): z.output<typeof line> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return line.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

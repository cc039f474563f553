import {
  CoreV1Api,
  createConfiguration,
  CustomObjectsApi,
  PatchStrategy,
  ServerConfiguration,
  setHeaderOptions,
  type Configuration,
  type KubeConfig,
} from "@kubernetes/client-node";
import { z } from "zod";
import { ServiceError } from "../deployment/service-error.ts";
import { isNotFound, toServiceError } from "./errors.ts";

/** The longest that a call may take, in milliseconds. */
export const usualPatience = 15_000;
/** Objects of one page, and pages of one list: far more than a release has. */
const pageSize = 500;
const mostPages = 10;

export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

export interface Where {
  /** Undefined means every namespace. */
  readonly namespace: string | undefined;
  readonly labels?: string;
  readonly fields?: string;
}

export interface List {
  readonly items: readonly unknown[];
  readonly resourceVersion: string | undefined;
}

/** The few calls that are needed of a cluster. All throw ServiceError; what they return is unchecked. */
export interface Kubernetes {
  /** Undefined when there is no such object, or no such API. */
  get(resource: Resource, namespace: string, name: string): Promise<unknown>;
  /** Undefined when there is no such API. */
  list(resource: Resource, where: Where): Promise<List | undefined>;
  annotate(
    resource: Resource,
    namespace: string,
    name: string,
    annotations: Readonly<Record<string, string>>,
  ): Promise<void>;
  /** The last lines of a container's log; of its run before, if it was restarted. */
  readLog(log: LogRequest): Promise<string>;
}

export interface LogRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly previous: boolean;
  readonly lines: number;
  readonly bytes: number;
}

const page = z.object({
  metadata: z
    .object({
      resourceVersion: z.string().nullish(),
      continue: z.string().nullish(),
      _continue: z.string().nullish(),
    })
    .prefault({}),
  items: z.array(z.unknown()).nullish(),
});

/** How every client of the API server is made: each call bounded, and signed as the kubeconfig says. */
export function configurationOf(kubeConfig: KubeConfig, patience: number): Configuration {
  const cluster = kubeConfig.getCurrentCluster();
  if (cluster === null) throw new Error("The kubeconfig has no current cluster");
  return createConfiguration({
    baseServer: new ServerConfiguration(cluster.server, {}),
    authMethods: { default: kubeConfig },
    promiseMiddleware: [
      {
        async pre(request) {
          request.setSignal(AbortSignal.timeout(patience));
          request.setHeaderParam("User-Agent", "omnibot");
          return request;
        },
        post: (response) => Promise.resolve(response),
      },
    ],
  });
}

export function createKubernetes(kubeConfig: KubeConfig, patience = usualPatience): Kubernetes {
  const configuration = configurationOf(kubeConfig, patience);
  const custom = new CustomObjectsApi(configuration);
  const core = new CoreV1Api(configuration);

  async function get(resource: Resource, namespace: string, name: string): Promise<unknown> {
    try {
      return await custom.getNamespacedCustomObject({ ...resource, namespace, name });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw failed(error, `Reading ${resource.plural}/${name} in ${namespace}`);
    }
  }

  async function list(resource: Resource, where: Where): Promise<List | undefined> {
    const items: unknown[] = [];
    let next: string | undefined;
    try {
      for (let pages = 0; pages < mostPages; pages += 1) {
        const { metadata, items: more } = page.parse(await listPage(resource, where, next));
        items.push(...(more ?? []));
        next = metadata.continue ?? metadata["_continue"] ?? undefined;
        if (next === undefined || next === "") {
          return { items, resourceVersion: metadata.resourceVersion ?? undefined };
        }
      }
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw failed(
        error,
        `Listing ${resource.plural}${where.namespace === undefined ? "" : ` in ${where.namespace}`}`,
      );
    }
    throw new ServiceError(
      "kubernetes",
      "invalid",
      "none",
      `There are too many ${resource.plural} to list`,
    );
  }

  function listPage(resource: Resource, where: Where, next: string | undefined): Promise<unknown> {
    const query = {
      limit: pageSize,
      ...(where.labels === undefined ? {} : { labelSelector: where.labels }),
      ...(where.fields === undefined ? {} : { fieldSelector: where.fields }),
      ...(next === undefined ? {} : { _continue: next }),
    };
    const { namespace } = where;
    if (namespace === undefined) {
      return custom.listCustomObjectForAllNamespaces({
        ...query,
        ...resource,
        resourcePlural: resource.plural,
      });
    }
    if (resource.group !== "")
      return custom.listNamespacedCustomObject({ ...query, ...resource, namespace });
    // The core group has a path of its own.
    return resource.plural === "pods"
      ? core.listNamespacedPod({ ...query, namespace })
      : core.listNamespacedEvent({ ...query, namespace });
  }

  async function annotate(
    resource: Resource,
    namespace: string,
    name: string,
    annotations: Readonly<Record<string, string>>,
  ): Promise<void> {
    try {
      await custom.patchNamespacedCustomObject(
        {
          ...resource,
          namespace,
          name,
          body: { metadata: { annotations } },
          fieldManager: "omnibot",
        },
        // The client's own default is a JSON patch, which is refused for an object.
        setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
      );
    } catch (error) {
      const doing = `Annotating ${resource.plural}/${name} in ${namespace}`;
      throw toServiceError(error, "kubernetes", doing, "unknown");
    }
  }

  async function readLog({
    namespace,
    pod,
    container,
    previous,
    lines,
    bytes,
  }: LogRequest): Promise<string> {
    const request = {
      namespace,
      name: pod,
      container,
      previous,
      tailLines: lines,
      limitBytes: bytes,
    };
    try {
      return await core.readNamespacedPodLog(request);
    } catch (error) {
      throw failed(error, `Reading the log of ${pod}`);
    }
  }

  return { get, list, annotate, readLog };
}

function failed(error: unknown, doing: string): ServiceError {
  return toServiceError(error, "kubernetes", doing, "none");
}

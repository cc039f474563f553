import {
  ApiException,
  CoreV1Api,
  createConfiguration,
  CustomObjectsApi,
  HttpMethod,
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
/** Objects of one page, and pages of one list: more than a release has. */
const pageSize = 500;
const mostPages = 50;

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

/** The few calls that are needed of a cluster. All throw ServiceError; what they return is unchecked. */
export interface Kubernetes {
  /** Undefined when there is no such object, or no such API. */
  get(resource: Resource, namespace: string, name: string): Promise<unknown>;
  /** Every object; none when there is no such API. */
  list(resource: Resource, where: Where): Promise<readonly unknown[]>;
  /** The same page by page, so that never more than one is held that its reader does not keep. */
  pages(resource: Resource, where: Where): AsyncIterable<readonly unknown[]>;
  /** The version of a list, to watch it from there; undefined when there is no such API. */
  versionOf(resource: Resource, where: Where): Promise<string | undefined>;
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

  async function list(resource: Resource, where: Where): Promise<readonly unknown[]> {
    const items: unknown[] = [];
    for await (const one of pages(resource, where)) items.push(...one);
    return items;
  }

  async function* pages(
    resource: Resource,
    where: Where,
  ): AsyncGenerator<readonly unknown[], void, undefined> {
    let next: string | undefined;
    for (let count = 0; count < mostPages; count += 1) {
      const found = await listPage(resource, where, pageSize, next);
      if (found === undefined) return;
      yield found.items ?? [];
      next = found.metadata.continue ?? undefined;
      if (next === undefined || next === "") return;
    }
    const said = `There are too many ${resource.plural} to list`;
    throw new ServiceError("kubernetes", "invalid", "none", said);
  }

  async function versionOf(resource: Resource, where: Where): Promise<string | undefined> {
    const found = await listPage(resource, where, 1, undefined);
    return found?.metadata.resourceVersion ?? undefined;
  }

  async function listPage(
    resource: Resource,
    where: Where,
    limit: number,
    next: string | undefined,
  ): Promise<z.output<typeof page> | undefined> {
    try {
      return page.parse(await getList(resource, where, limit, next));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      const place = where.namespace === undefined ? "" : ` in ${where.namespace}`;
      throw failed(error, `Listing ${resource.plural}${place}`);
    }
  }

  /** As the API server wrote it: the client's typed lists take longer than everything else, where there are thousands. */
  async function getList(
    { group, version, plural }: Resource,
    { namespace, labels, fields }: Where,
    limit: number,
    next: string | undefined,
  ): Promise<unknown> {
    const api = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
    const place = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
    const path = `${api}${place}/${plural}`;
    const request = configuration.baseServer.makeRequestContext(path, HttpMethod.GET);
    const query = { limit, labelSelector: labels, fieldSelector: fields, continue: next };
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) request.setQueryParam(name, String(value));
    request.setHeaderParam("Accept", "application/json");
    request.setHeaderParam("User-Agent", "omnibot");
    request.setSignal(AbortSignal.timeout(patience));
    await kubeConfig.applySecurityAuthentication(request);
    const { httpStatusCode, body, headers } = await configuration.httpApi.send(request).toPromise();
    const text = await body.text();
    // Who answers well with something else, a sign-in page, is a gateway in between: that is no JSON, and passes.
    const isGood = httpStatusCode >= 200 && httpStatusCode < 300;
    if (!isGood) throw new ApiException(httpStatusCode, "refused", text, headers);
    return JSON.parse(text);
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

  return { get, list, pages, versionOf, annotate, readLog };
}

function failed(error: unknown, doing: string): ServiceError {
  return toServiceError(error, "kubernetes", doing, "none");
}

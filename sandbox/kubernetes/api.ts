import type { StandIn, StandInAnswer, StandInRequest } from "../stand-in.ts";
import {
  attributesOf,
  authenticate,
  authorize,
  type AccessOptions,
  type Attributes,
} from "./access.ts";
import { badRequest, notFound, refuse, unknownPath } from "./answers.ts";
import { discover, servedVerbs } from "./discovery.ts";
import type { Logs } from "./logs.ts";
import { isRecord } from "./merge-patch.ts";
import type { KubernetesObject } from "./objects.ts";
import { patchObject } from "./patch.ts";
import { parsePath, type Target } from "./path.ts";
import { deletePod } from "./pods.ts";
import { apiVersion, isPlural, resources } from "./resources.ts";
import {
  parseFieldSelector,
  parseLabelSelector,
  SelectorError,
  type Selector,
} from "./selector.ts";
import type { Store } from "./store.ts";
import type { Watches } from "./watches.ts";
import type { Clock } from "./clock.ts";

export interface Api {
  readonly store: Store;
  readonly clock: Clock;
  readonly watches: Watches;
  readonly logs: Logs;
  readonly access: AccessOptions;
}

const reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
/** The server ends a watch by itself after half an hour, as kube-apiserver's --min-request-timeout says. */
const defaultWatchTimeout = 1800;

/** Serves the Kubernetes API over plain HTTP. */
export function serveApi(standIn: StandIn, api: Api): void {
  for (const method of ["GET", "POST", "PATCH", "PUT", "DELETE"]) {
    standIn.route(
      method,
      "/*path",
      (request) => authenticate(api.access, request) ?? answer(api, request),
    );
  }
}

function answer(api: Api, request: StandInRequest): StandInAnswer {
  if (request.method === "POST" && request.path === reviews) return reviewAccess(api, request);
  if (/^\/(healthz|livez|readyz)$/.test(request.path)) return { status: 200, body: "ok" };
  const found = request.method === "GET" ? discover(request.path) : undefined;
  if (found !== undefined) return { status: 200, json: found };
  const target = parsePath(request.path);
  if (target === undefined) return unknownPath();
  const refused = authorize(api.access, request, attributesFor(request, target));
  if (refused !== undefined) return refused;
  try {
    return answerResource(api, request, target);
  } catch (error) {
    if (error instanceof SelectorError || error instanceof SyntaxError)
      return badRequest(error.message);
    throw error;
  }
}

function answerResource(api: Api, request: StandInRequest, target: Target): StandInAnswer {
  const { plural, namespace, name, subresource } = target;
  if (name === undefined) {
    if (request.method !== "GET") return notAllowed();
    return isWatch(request) ? watch(api, request, target) : list(api, request, target);
  }
  const object = api.store.get(plural, namespace, name);
  if (object === undefined) return notFound(plural, name);
  if (subresource === "log" && plural === "pods" && request.method === "GET")
    return readLog(api, request, target);
  if (subresource !== undefined) return unknownPath();
  if (request.method === "GET") return { status: 200, json: object };
  if (request.method === "PATCH") return patchObject(api.store, plural, object, request);
  if (request.method === "DELETE" && plural === "pods") {
    return { status: 200, json: deletePod(api, namespace ?? "", name) };
  }
  return notAllowed();
}

function list(api: Api, request: StandInRequest, { plural, namespace }: Target): StandInAnswer {
  const { kind, custom } = resources[plural];
  const objects: KubernetesObject[] = api.store.list(plural, namespace);
  const items = objects
    .filter(selectorOf(request, namespace))
    .map((object) => (custom ? object : bare(object)));
  const metadata = { resourceVersion: String(api.store.version) };
  return {
    status: 200,
    json: { kind: `${kind}List`, apiVersion: apiVersion(plural), metadata, items },
  };
}

function watch(api: Api, request: StandInRequest, { plural, namespace }: Target): StandInAnswer {
  return api.watches.answer({
    plural,
    matches: selectorOf(request, namespace),
    resourceVersion: request.query.get("resourceVersion") ?? undefined,
    bookmarks: request.query.get("allowWatchBookmarks") === "true",
    timeout: Number(request.query.get("timeoutSeconds") ?? defaultWatchTimeout),
  });
}

function readLog(
  api: Api,
  request: StandInRequest,
  { namespace, name = "" }: Target,
): StandInAnswer {
  const pod = api.store.get("pods", namespace, name);
  return pod === undefined ? notFound("pods", name) : api.logs.answer(pod, request.query);
}

function reviewAccess(api: Api, request: StandInRequest): StandInAnswer {
  const review = request.json();
  const spec = isRecord(review) && isRecord(review["spec"]) ? review["spec"] : {};
  const wanted = isRecord(spec["resourceAttributes"]) ? spec["resourceAttributes"] : {};
  const text = (key: string) => (typeof wanted[key] === "string" ? wanted[key] : undefined);
  const attributes = {
    verb: text("verb") ?? "",
    group: text("group") ?? "",
    resource: [text("resource") ?? "", text("subresource") ?? []].flat().join("/"),
    namespace: text("namespace"),
    name: text("name"),
  };
  const allowed = isServed(attributes) && authorize(api.access, request, attributes) === undefined;
  const answered = {
    kind: "SelfSubjectAccessReview",
    apiVersion: "authorization.k8s.io/v1",
    metadata: {},
  };
  return { status: 201, json: { ...answered, spec, status: { allowed } } };
}

/** Nobody has a right to what this server does not have. */
function isServed({ verb, group, resource }: Attributes): boolean {
  if (resource === "pods/log") return verb === "get" && group === "";
  return isPlural(resource) && resources[resource].group === group && servedVerbs.includes(verb);
}

function attributesFor(request: StandInRequest, { plural, namespace, name, subresource }: Target) {
  const reading = name !== undefined ? "get" : isWatch(request) ? "watch" : "list";
  const verb =
    request.method === "GET"
      ? reading
      : request.method === "POST"
        ? "create"
        : request.method.toLowerCase();
  return attributesOf(verb, plural, namespace, name, subresource);
}

function selectorOf(request: StandInRequest, namespace: string | undefined): Selector {
  const byLabel = parseLabelSelector(request.query.get("labelSelector") ?? "");
  const byField = parseFieldSelector(request.query.get("fieldSelector") ?? "");
  const inNamespace = (object: KubernetesObject) =>
    namespace === undefined || object.metadata.namespace === namespace;
  return (object) => inNamespace(object) && byLabel(object) && byField(object);
}

function isWatch(request: StandInRequest): boolean {
  return /^(true|1)$/.test(request.query.get("watch") ?? "");
}

/** Items of a built-in kind's list say neither their kind nor their apiVersion. */
function bare(object: KubernetesObject) {
  return Object.fromEntries(
    Object.entries(object).filter(([name]) => name !== "kind" && name !== "apiVersion"),
  );
}

function notAllowed(): StandInAnswer {
  return refuse(
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
    {},
  );
}

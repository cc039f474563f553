import type { AddRoute } from "./access.ts";
import type { Controls } from "./controls.ts";
import { definition, project } from "./organization.ts";

/** The security namespace "Build", and some of its permissions. */
const builds = "33344d9c-fc72-4d6f-aba5-fa317101a7e9";
const queueBuilds = 128;
const stopBuilds = 512;
const editQueueConfiguration = 65_536;

/** Whether the caller has some permissions on some tokens: `GET _apis/permissions/{namespace}/{permissions}`. */
export function addPermissionRoutes(add: AddRoute, controls: Controls): void {
  add("GET", "/_apis/permissions/:namespace/:permissions", (request) => {
    const tokens = (request.query.get("tokens") ?? "").split(",");
    const asksFor = (permission: number) =>
      request.params["namespace"]?.toLowerCase() === builds &&
      (Number(request.params["permissions"]) & permission) !== 0;
    const lacks =
      (asksFor(queueBuilds) && !controls.mayQueue) ||
      (asksFor(editQueueConfiguration) && !controls.mayConfigure) ||
      (asksFor(stopBuilds) && !controls.mayStop);
    const value = tokens.map((token) => token === `${project.id}/${definition.id}` && !lacks);
    return { status: 200, json: { count: value.length, value } };
  });
}

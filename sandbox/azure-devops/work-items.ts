import type { AddRoute } from "./access.ts";
import { invalidRequest } from "./errors.ts";
import type { SourceCommit } from "./source.ts";

/** The work items of the project, by their number. */
const titles = new Map([
  [4412, "The legend of stacked layers is wrong"],
  [4431, "Printed maps have no scale bar"],
  [4437, "Printed maps are cut off on A3"],
]);

/** The work items that a commit is linked with: those that its message names, as a squash merge leaves them. */
export function workItemsOf({ message }: SourceCommit): number[] {
  const [, named = ""] = /^Related work items: (.+)$/m.exec(message) ?? [];
  return [...named.matchAll(/#(\d+)/g)].map(([, number]) => Number(number));
}

/** `GET _apis/wit/workitems?ids=`: a list of them, at most 200. */
export function addWorkItemRoutes(add: AddRoute, url: () => string): void {
  add("GET", "/:project/_apis/wit/workitems", ({ query }) => {
    const ids = (query.get("ids") ?? "").split(",").map(Number);
    const fields = new Set((query.get("fields") ?? "").split(","));
    if (ids.length > 200 || !ids.every((id) => Number.isInteger(id)))
      throw invalidRequest("The ids cannot be read. Parameter name: ids");
    const missing = ids.find((id) => !titles.has(id));
    if (missing !== undefined && query.get("errorPolicy")?.toLowerCase() !== "omit") {
      const message = `TF401232: Work item ${missing} does not exist, or you do not have permissions to read it.`;
      return { status: 404, json: { message } };
    }
    const value = ids.map((id) => {
      const title = titles.get(id);
      return title === undefined
        ? null
        : {
            id,
            rev: 3,
            fields: fields.has("System.Title") ? { "System.Title": title } : {},
            url: `${url()}/_apis/wit/workItems/${id}`,
          };
    });
    return { status: 200, json: { count: value.length, value } };
  });
}

/** What the page of a work item says; undefined where there is none. */
export function titleOf(id: number): string | undefined {
  return titles.get(id);
}

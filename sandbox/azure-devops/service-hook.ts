import { randomUUID } from "node:crypto";
import type { Outbox } from "../hooks/outbox.ts";
import { definition, project, uuid } from "./organization.ts";
import type { Run } from "./run.ts";

const path = "/api/hooks/azure-devops";

/**
 * A subscription of `ms.vss-pipelines.run-state-changed-event`: publisher "pipelines", consumer "webHooks", every state. It signs
 * nothing, and sends the headers that whoever made it has typed.
 */
export function createServiceHook(
  outbox: Outbox,
  secret: string,
  url: () => string,
): (run: Run) => void {
  let notification = 0;
  return (run) => {
    notification += 1;
    const body = JSON.stringify(eventOf(run, url(), notification));
    void outbox.send(path, { "x-omnibot-secret": secret }, body);
  };
}

function eventOf(run: Run, url: string, notificationId: number): object {
  const { id, number, queuedAt } = run.request;
  const { status, result } = run;
  const state = status === "completed" ? "completed" : "inProgress";
  const pipeline = { ...definition, folder: "\\", url: `${url}/_apis/pipelines/${definition.id}` };
  const text = `Run ${number} ${status === "completed" ? result : "started"}`;
  const message = { text, html: text, markdown: text };
  return {
    subscriptionId: uuid("subscription of run-state-changed"),
    notificationId,
    id: randomUUID(),
    eventType: "ms.vss-pipelines.run-state-changed-event",
    publisherId: "pipelines",
    message,
    detailedMessage: message,
    resource: {
      run: {
        id,
        name: number,
        state,
        ...(result === undefined ? {} : { result }),
        createdDate: new Date(queuedAt).toISOString(),
        url: `${url}/_apis/pipelines/${definition.id}/runs/${id}`,
        pipeline,
        _links: { web: { href: `${url}/_build/results?buildId=${id}` } },
      },
      pipeline,
      projectId: project.id,
    },
    resourceVersion: "5.1-preview.1",
    createdDate: new Date().toISOString(),
  };
}

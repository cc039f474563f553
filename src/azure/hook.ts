import { createHash, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Hook } from "../deployment/hints.ts";

/** The header in which a service hook of Azure DevOps shows its secret: it signs nothing, and can send headers of ours. */
export const secretHeader = "x-omnibot-secret";

const id = z.int().positive();
const event = z.object({ eventType: z.string() });
/** `ms.vss-pipelines.run-state-changed-event` and its stages and jobs; `build.complete`. With minimal details, less. */
const aboutRun = z.object({
  resource: z.union([
    z.object({ run: z.object({ id }) }).transform(({ run }) => run.id),
    z.object({ id }).transform((build) => build.id),
  ]),
});

/**
 * A service hook of Azure DevOps, consumer "Web Hooks". Whoever knows the secret may say that a run has moved on; what became of
 * it is read from Azure DevOps.
 */
export function createDevOpsHook(secret: string): Hook {
  return async ({ headers, body }) => {
    const given = headers[secretHeader];
    if (typeof given !== "string" || !isEqual(given, secret)) return { state: "refused" };
    const value = parse(body);
    const said = event.safeParse(value);
    if (!said.success) return { state: "unreadable" };
    const { eventType } = said.data;
    // An approval that is waited for belongs to a run that these events do not name.
    if (eventType.startsWith("ms.vss-pipelinechecks-events."))
      return { state: "heard", hints: [{ about: "run" }] };
    if (!eventType.startsWith("ms.vss-pipelines.") && eventType !== "build.complete")
      return { state: "heard", hints: [] };
    const run = aboutRun.safeParse(value);
    const which = run.success ? { id: run.data.resource } : {};
    return { state: "heard", hints: [{ about: "run", ...which }] };
  };
}

/** In constant time, whatever their lengths. */
function isEqual(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

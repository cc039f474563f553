import type { Environment } from "../../config/config.ts";
import type { Deployment } from "../../deployment/deployment.ts";
import { closedView } from "./closed.ts";
import { failedView } from "./failed.ts";
import { finalView } from "./final.ts";
import { progressView } from "./progress.ts";
import { requestView } from "./request.ts";
import { expand, type Card, type TemplateName } from "./template.ts";
import { isOpen, type CardContext, type Room } from "./words.ts";

export interface RenderContext {
  readonly environment: Environment;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** IANA time zone of the reader. */
  readonly timeZone: string;
}

export interface Rendered {
  readonly card: Card;
  /** What a notification and a screen reader say. Plain text. */
  readonly summary: string;
}

/**
 * Bytes of JSON that a card stays under: Teams takes about 100 KB of a message, older clients and webhooks 28 KB
 * (https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages).
 */
export const largestCard = 24 * 1024;

const rooms: readonly Room[] = [
  { sentence: 300, lines: 10, line: 200, changes: 5 },
  { sentence: 160, lines: 6, line: 120, changes: 3 },
  { sentence: 80, lines: 2, line: 80, changes: 1 },
];

/** The picture of a deployment: one card for each state, with as much detail as there is room for. */
export function renderCard(deployment: Deployment, context: RenderContext): Rendered {
  let smallest: Rendered | undefined;
  for (const room of rooms) {
    const { template, view } = viewOf(deployment, { ...context, room });
    smallest = { card: expand(template, view), summary: view.summary };
    if (Buffer.byteLength(JSON.stringify(smallest.card)) < largestCard) return smallest;
  }
  if (smallest === undefined) throw new Error("a card was not rendered");
  return smallest;
}

function viewOf(
  deployment: Deployment,
  context: CardContext,
): { readonly template: TemplateName; readonly view: { readonly summary: string } } {
  switch (deployment.state) {
    case "active":
      return isOpen(deployment, context.environment)
        ? { template: "request", view: requestView(deployment, context) }
        : { template: "progress", view: progressView(deployment, context) };
    case "live":
      return { template: "final", view: finalView(deployment, context) };
    case "failed":
      return { template: "failed", view: failedView(deployment, context) };
    case "rejected":
    case "expired":
    case "canceled":
      return { template: "closed", view: closedView(deployment, context) };
  }
}

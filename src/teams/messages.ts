import type { Activity, TurnContext } from "botbuilder";
import type { Logger } from "pino";
import type { TeamsConfig } from "../config/config.ts";
import type { IncomingActivity } from "./activity.ts";
import type { TeamsAdapter } from "./adapter.ts";
import { knock } from "./gate.ts";
import { createRefusalLog } from "./refusal-log.ts";
import { within } from "./within.ts";

/** Teams waits about 15 s, then sends the same again (MicrosoftDocs/msteams-docs#6084); the SDK waits for its keys for ever. */
const answerTime = 12_000;

export interface MessagesOptions {
  readonly teams: Pick<TeamsConfig, "tenant" | "teams" | "channels">;
  readonly adapter: TeamsAdapter;
  readonly turn: (activity: IncomingActivity, context: TurnContext) => Promise<void>;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** What an HTTP server hands over, whichever it is. */
export interface MessagesRequest {
  readonly headers: { readonly authorization?: string | undefined };
  /** Reads the body, bounded in size and time, and parses it. What it throws is for the server to answer. */
  readonly read: () => Promise<unknown>;
}

export interface MessagesResponse {
  send(status: number, body?: unknown): unknown;
}

/** The one way in: token, body, gate, turn. Refusals are short and say nothing of what is inside. */
export function createMessages({
  adapter,
  teams,
  log,
  turn,
  now = Date.now,
}: MessagesOptions): (request: MessagesRequest, response: MessagesResponse) => Promise<void> {
  const noteRefusal = createRefusalLog(log, now);

  return async (request, response) => {
    const { authorization } = request.headers;
    const refuse = (status: number, message: string, why: string) => {
      noteRefusal({ status, why });
      response.send(status, { message });
    };
    // Without a good token nobody makes omnibot read a body.
    const token = await adapter.check?.(authorization);
    if (token?.state === "refused") return refuse(401, "Unauthorized", token.why);
    if (token?.state === "unchecked") return refuse(503, "Try again", token.why);

    const body = await request.read();
    const admission = knock(
      { serviceUrl: token?.serviceUrl, body },
      { teams, anonymous: adapter.anonymous },
    );
    if (admission.state === "refused")
      return refuse(admission.status, admission.message, admission.why);
    const { activity } = admission;
    let verified = false;
    const verifiedTurn = (context: TurnContext) => {
      verified = true;
      return turn(activity, context);
    };
    try {
      // The SDK's type asks for fields that it does not use; the gate has checked those that are used.
      const receiving = adapter.receive(
        authorization ?? "",
        activity as unknown as Activity,
        verifiedTurn,
      );
      const answer = await within(answerTime, "a turn", receiving);
      response.send(answer?.status ?? 200, answer?.body);
    } catch (error) {
      if (verified) throw error;
      // Whatever stopped the SDK before the turn, it has not let the token in.
      refuse(401, "Unauthorized", error instanceof Error ? error.message : String(error));
    }
  };
}

import type { Activity, TurnContext } from "botbuilder";
import type { Logger } from "pino";
import type { TeamsConfig } from "../config/config.ts";
import type { IncomingActivity } from "./activity.ts";
import type { TeamsAdapter } from "./adapter.ts";
import { knock } from "./gate.ts";
import { within } from "./within.ts";

/** Teams waits about 15 s, then sends the same again (MicrosoftDocs/msteams-docs#6084); the SDK waits for its keys for ever. */
const answerTime = 12_000;

export interface MessagesOptions {
  readonly teams: Pick<TeamsConfig, "tenant" | "channels">;
  readonly adapter: TeamsAdapter;
  readonly turn: (activity: IncomingActivity, context: TurnContext) => Promise<void>;
  readonly log: Logger;
}

/** What an HTTP server hands over, whichever it is. */
export interface MessagesRequest {
  readonly headers: { readonly authorization?: string | undefined };
  readonly body?: unknown;
}

export interface MessagesResponse {
  send(status: number, body?: unknown): unknown;
}

/** The one way in: gate, token, turn. Refusals are short and say nothing of what is inside. */
export function createMessages(
  options: MessagesOptions,
): (request: MessagesRequest, response: MessagesResponse) => Promise<void> {
  const { adapter, teams, log } = options;

  return async (request, response) => {
    const { authorization } = request.headers;
    const admission = knock(
      { authorization, body: request.body },
      { teams, anonymous: adapter.anonymous },
    );
    if (admission.state === "refused") {
      log.warn({ status: admission.status, why: admission.why }, "refused a message");
      response.send(admission.status, { message: admission.message });
      return;
    }
    const { activity } = admission;
    let verified = false;
    const turn = (context: TurnContext) => {
      verified = true;
      return options.turn(activity, context);
    };
    try {
      // The SDK's type asks for fields that it does not use; the gate has checked those that are used.
      const receiving = adapter.receive(authorization ?? "", activity as unknown as Activity, turn);
      const answer = await within(answerTime, "a turn", receiving);
      response.send(answer?.status ?? 200, answer?.body);
    } catch (error) {
      if (verified) throw error;
      // Whatever stopped the SDK before the turn, the token is not verified.
      log.warn({ why: error instanceof Error ? error.message : String(error) }, "refused a token");
      response.send(401, { message: "Unauthorized" });
    }
  };
}

import type { StandInAnswer } from "../stand-in.ts";

/** An error in the Bot Connector's form. */
export function failure(status: number, code: string, message: string): StandInAnswer {
  return { status, json: { error: { code, message } } };
}

export function unknownConversation(): StandInAnswer {
  return failure(404, "ConversationNotFound", "Conversation not found.");
}

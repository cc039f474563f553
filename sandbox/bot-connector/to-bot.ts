import type { Activity } from "./activity.ts";

const timeout = 15_000;

/** What the bot answered: its status, 0 when there was no answer, and its body, parsed where it is JSON. */
export interface BotAnswer {
  readonly status: number;
  readonly body: unknown;
  /** Why there was no answer. */
  readonly error?: string;
}

/** Delivers an activity to the bot, as Teams does: it waits 15 seconds at most. Never throws. */
export async function deliver(botUrl: string, activity: Activity): Promise<BotAnswer> {
  try {
    const response = await fetch(botUrl, {
      method: "POST",
      headers: { "content-type": "application/json; charset=utf-8" },
      body: JSON.stringify(activity),
      signal: AbortSignal.timeout(timeout),
    });
    return { status: response.status, body: parse(await response.text()) };
  } catch (error) {
    return { status: 0, body: undefined, error: wordsOf(error) };
  }
}

function parse(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

import { pino, type DestinationStream, type Logger } from "pino";
import { withoutSecrets } from "./deployment/secrets.ts";

/** Characters of an error's message or stack that are logged: some SDKs put whole answers into them. */
const longest = 4000;

/**
 * JSON lines on standard output. Errors are reduced to their words and place, since SDKs hang whole requests, with tokens, on
 * them; and what looks like a secret in these words is left out.
 */
export function createLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: {},
    formatters: { log: withSafeTexts },
    serializers: { err: describe, error: describe },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

function withSafeTexts(facts: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      typeof value === "string" ? withoutSecrets(value) : value,
    ]),
  );
}

function describe(error: unknown): object {
  if (!isError(error)) return { message: safe(String(error)) };
  const { name, message, stack, cause } = error;
  return {
    type: name,
    message: safe(message),
    stack: stack === undefined ? undefined : safe(stack),
    ...(cause === undefined ? {} : { cause: describe(cause) }),
  };
}

function safe(text: string): string {
  return withoutSecrets(text).slice(0, longest);
}

function isError(error: unknown): error is Error {
  return typeof error === "object" && error !== null && "message" in error && "name" in error;
}

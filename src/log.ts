import { pino, type Logger } from "pino";

/** JSON lines on standard output. Errors are reduced to their words and place: SDKs hang whole requests, with tokens, on them. */
export function createLog(level: string): Logger {
  return pino({ level, base: {}, serializers: { err: describe, error: describe } });
}

function describe(error: unknown): object {
  if (!isError(error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  return { type: name, message, stack, ...(cause === undefined ? {} : { cause: describe(cause) }) };
}

function isError(error: unknown): error is Error {
  return typeof error === "object" && error !== null && "message" in error && "name" in error;
}

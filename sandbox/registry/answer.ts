import type { StandInAnswer } from "../stand-in.ts";

/** Codes of the OCI distribution specification 1.1, "Error Codes", as far as a reader meets them. */
export type ErrorCode =
  | "BLOB_UNKNOWN"
  | "DENIED"
  | "MANIFEST_UNKNOWN"
  | "NAME_UNKNOWN"
  | "UNAUTHORIZED"
  | "UNSUPPORTED";

export const versionHeader = { "docker-distribution-api-version": "registry/2.0" } as const;

export function refusal(
  status: number,
  code: ErrorCode,
  message: string,
  options: { readonly detail?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
): StandInAnswer {
  const error = {
    code,
    message,
    ...(options.detail === undefined ? {} : { detail: options.detail }),
  };
  return { status, headers: { ...versionHeader, ...options.headers }, json: { errors: [error] } };
}

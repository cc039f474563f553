import type { StandInAnswer } from "../stand-in.ts";
import { resources, type Plural } from "./resources.ts";

/** A refusal as the API server writes it: a Status object with its reason and code. */
export function refuse(
  code: number,
  reason: string,
  message: string,
  details?: object,
): StandInAnswer {
  return { status: code, json: status(code, reason, message, details) };
}

export function status(code: number, reason: string, message: string, details?: object) {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code,
  };
}

/** `pods`, or `deployments.apps` where there is a group. */
export function qualified(plural: Plural): string {
  const { group } = resources[plural];
  return group === "" ? plural : `${plural}.${group}`;
}

export function notFound(plural: Plural, name: string): StandInAnswer {
  const { group } = resources[plural];
  const details = { name, ...(group === "" ? {} : { group }), kind: plural };
  return refuse(404, "NotFound", `${qualified(plural)} "${name}" not found`, details);
}

export function unknownPath(): StandInAnswer {
  return refuse(404, "NotFound", "the server could not find the requested resource", {});
}

export function badRequest(message: string): StandInAnswer {
  return refuse(400, "BadRequest", message);
}

/** The Status of a resourceVersion that is not remembered any more. */
export function expired(version: number, oldest: number) {
  return status(410, "Expired", `too old resource version: ${version} (${oldest})`);
}

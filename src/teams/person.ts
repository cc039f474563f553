import type { Person } from "../deployment/deployment.ts";
import type { IncomingActivity } from "./activity.ts";

const guid = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/;

/**
 * Who sent this: the Entra object id that the Bot Connector names, never anything that somebody can write (P2). Undefined
 * for whoever has none, such as other bots.
 */
export function personOf(activity: IncomingActivity): Person | undefined {
  const id = activity.from.aadObjectId?.toLowerCase() ?? "";
  const name = activity.from.name?.trim() ?? "";
  return guid.test(id) ? { id, name: name === "" ? "Somebody" : name } : undefined;
}

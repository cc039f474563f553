import type { TeamsConfig } from "../config/config.ts";
import { channelOf, incomingActivity, type IncomingActivity } from "./activity.ts";
import { isServiceUrl } from "./service-url.ts";

export interface GateOptions {
  readonly teams: Pick<TeamsConfig, "tenant" | "channels">;
  /** Sandbox only: no token is asked for, and only service URLs on this machine are talked to. */
  readonly anonymous: boolean;
}

export interface Knock {
  readonly authorization: string | undefined;
  readonly body: unknown;
}

export type Admission =
  | { readonly state: "admitted"; readonly activity: IncomingActivity }
  | {
      readonly state: "refused";
      readonly status: 400 | 401 | 403;
      /** For the caller: says as little as possible. */
      readonly message: string;
      /** For the log: what an operator needs to know. */
      readonly why: string;
    };

export const connectorIssuer = "https://api.botframework.com";

/**
 * Decides who may talk to omnibot at all, before the SDK sees the request. The SDK verifies the token afterwards; it would
 * also accept Entra tokens of any tenant, skip checks on missing fields, and grow with every junk token (measured with
 * botbuilder 4.23.3).
 */
export function knock({ authorization, body }: Knock, options: GateOptions): Admission {
  if (!options.anonymous && issuerOf(authorization) !== connectorIssuer) {
    return refused(401, "Unauthorized", "no token of the Bot Connector");
  }
  const parsed = incomingActivity.safeParse(body);
  if (!parsed.success)
    return refused(400, "Bad activity", `the body is no activity: ${paths(parsed.error.issues)}`);

  const activity = parsed.data;
  if (activity.channelId !== "msteams")
    return refused(403, "Forbidden", "the message is not from Teams");
  if (!isServiceUrl(activity.serviceUrl, options))
    return refused(403, "Forbidden", "the service URL is not the Bot Connector's");
  if (!isOfTenant(activity, options.teams.tenant))
    return refused(403, "Forbidden", "the message is not of the configured tenant");
  if (!speaks(activity)) return { state: "admitted", activity };

  if (activity.id === undefined) return refused(400, "Bad activity", "the message has no id");
  const channel = channelOf(activity.conversation.id);
  if (!options.teams.channels.includes(channel)) {
    return refused(
      403,
      "Forbidden",
      `nobody listens in this channel; to change that, add ${quoted(channel)} to teams.channels`,
    );
  }
  return { state: "admitted", activity };
}

/** Messages and clicks; everything else (people joining, typing, reactions) is never acted upon. */
function speaks(activity: IncomingActivity): boolean {
  return activity.type === "message" || activity.type === "invoke";
}

/** Both places that name the tenant have to agree; a message that names none is nobody's. */
function isOfTenant(activity: IncomingActivity, tenant: string): boolean {
  const named = [activity.channelData?.tenant?.id, activity.conversation.tenantId].filter(
    (id) => typeof id === "string",
  );
  return named.length > 0 && named.every((id) => id.toLowerCase() === tenant.toLowerCase());
}

/** The issuer that a bearer token claims, unverified: enough to turn away what the SDK should never see. */
function issuerOf(authorization: string | undefined): string | undefined {
  const payload = /^Bearer [\w-]+\.([\w-]+)\.[\w-]+$/i.exec(authorization ?? "")?.[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    const issuer =
      typeof claims === "object" && claims !== null && "iss" in claims ? claims.iss : undefined;
    return typeof issuer === "string" ? issuer : undefined;
  } catch {
    return undefined;
  }
}

function paths(issues: readonly { readonly path: readonly PropertyKey[] }[]): string {
  const names = issues.slice(0, 5).map((issue) => issue.path.map(String).join("."));
  return names.map((name) => (name === "" ? "it is not an object" : name)).join(", ");
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}

function refused(status: 400 | 401 | 403, message: string, why: string): Admission {
  return { state: "refused", status, message, why };
}

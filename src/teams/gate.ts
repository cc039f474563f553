import type { TeamsConfig } from "../config/config.ts";
import { channelOf, incomingActivity, isPersonal, type IncomingActivity } from "./activity.ts";
import { isServiceUrl } from "./service-url.ts";

export interface GateOptions {
  readonly teams: Pick<TeamsConfig, "tenant" | "teams" | "channels">;
  /** Sandbox only: no token is asked for, and only service URLs on this machine are talked to. */
  readonly anonymous: boolean;
}

export interface Knock {
  /** The service URL that the verified token speaks for; undefined only where no token is asked for. */
  readonly serviceUrl: string | undefined;
  readonly body: unknown;
}

export type Admission =
  | { readonly state: "admitted"; readonly activity: IncomingActivity }
  | {
      readonly state: "refused";
      readonly status: 400 | 403;
      /** For the caller: says as little as possible. */
      readonly message: string;
      /** For the log: what an operator needs to know. */
      readonly why: string;
    };

/** Teams nests a dozen levels; what is deeper than this is no message. */
const deepest = 32;

/** Decides who may talk to omnibot at all, before the SDK sees the request. The token is verified by then (connector-token.ts). */
export function knock({ serviceUrl, body }: Knock, options: GateOptions): Admission {
  if (!isPlain(body)) return refused(400, "Bad activity", "the body is no plain JSON");
  const parsed = incomingActivity.safeParse(body);
  if (!parsed.success)
    return refused(400, "Bad activity", `the body is no activity: ${paths(parsed.error.issues)}`);

  const activity = parsed.data;
  if (activity.channelId !== "msteams")
    return refused(403, "Forbidden", "the message is not from Teams");
  if (!options.anonymous && activity.serviceUrl !== serviceUrl)
    return refused(403, "Forbidden", "the token is for another service URL");
  if (!isServiceUrl(activity.serviceUrl, options))
    return refused(403, "Forbidden", "the service URL is not the Bot Connector's");
  if (!isOfTenant(activity, options.teams.tenant))
    return refused(403, "Forbidden", "the message is not of the configured tenant");
  if (!isOfTeam(activity, options.teams.teams))
    return refused(403, "Forbidden", "the message is not of one of teams.teams");
  if (!speaks(activity)) return { state: "admitted", activity };

  if (activity.id === undefined) return refused(400, "Bad activity", "the message has no id");
  // A chat is no channel: who may read there is asked of its roster (bot.ts), and nobody can act there.
  if (isPersonal(activity)) return { state: "admitted", activity };
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

/** Where teams are listed, whatever names another one is turned away; what names none still has to be of a channel. */
function isOfTeam({ channelData }: IncomingActivity, teams: readonly string[]): boolean {
  const named = channelData?.team?.id ?? undefined;
  return teams.length === 0 || named === undefined || teams.includes(named);
}

/** Whether this is JSON of a bounded depth, without the one name that changes what an object is when it is copied. */
function isPlain(body: unknown): boolean {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value: body, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value !== "object" || value === null) continue;
    if (depth >= deepest || Object.hasOwn(value, "__proto__")) return false;
    for (const inner of Object.values(value)) open.push({ value: inner, depth: depth + 1 });
  }
  return true;
}

function paths(issues: readonly { readonly path: readonly PropertyKey[] }[]): string {
  const names = issues.slice(0, 5).map((issue) => issue.path.map(String).join("."));
  return names.map((name) => (name === "" ? "it is not an object" : name)).join(", ");
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}

function refused(status: 400 | 403, message: string, why: string): Admission {
  return { state: "refused", status, message, why };
}

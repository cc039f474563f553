import { TeamsInfo, type TurnContext } from "botbuilder";
import type { Logger } from "pino";
import { z } from "zod";
import { channelOf, type IncomingActivity } from "./activity.ts";
import { within } from "./within.ts";

/** What a team's roster says about somebody; `unknown` when it cannot be read. */
export type Membership = "member" | "guest" | "unknown";

export type MembershipOf = (
  activity: IncomingActivity,
  context: TurnContext,
) => Promise<Membership>;

const lookTime = 3000;
const remembered: Readonly<Record<Exclude<Membership, "unknown">, number>> = {
  member: 600_000,
  guest: 60_000,
};
/** While the roster cannot be read, who was a member within this time counts as one: whoever writes in a channel is in it. */
const lastKnown = 24 * 60 * 60_000;
const mostRemembered = 1000;

const account = z.looseObject({ userRole: z.string().nullish(), tenantId: z.string().nullish() });

/**
 * Looks people up in the roster of the team, which needs no permission but being in the team. Who may act is known for ten
 * minutes; whom nobody can look up and nobody has seen today is unknown, and may not.
 */
export function createMembers({
  tenant,
  log,
  now,
}: {
  tenant: string;
  log: Logger;
  now: () => number;
}): MembershipOf {
  const seen = new Map<
    string,
    { readonly membership: Exclude<Membership, "unknown">; readonly at: number }
  >();

  return async function membershipOf(activity, context) {
    const key = `${activity.channelData?.team?.id ?? channelOf(activity.conversation.id)} ${activity.from.id}`;
    const known = seen.get(key);
    const age = now() - (known?.at ?? 0);
    if (known !== undefined && age < remembered[known.membership]) return known.membership;

    const membership = await look(activity, context);
    if (membership === "unknown")
      return known?.membership === "member" && age < lastKnown ? "member" : "unknown";
    seen.delete(key);
    const [oldest] = seen.keys();
    if (seen.size >= mostRemembered && oldest !== undefined) seen.delete(oldest);
    seen.set(key, { membership, at: now() });
    return membership;
  };

  async function look(activity: IncomingActivity, context: TurnContext): Promise<Membership> {
    try {
      const found = await within(
        lookTime,
        "the roster",
        TeamsInfo.getMember(context, activity.from.id),
      );
      const { userRole, tenantId } = account.parse(found);
      if (typeof tenantId === "string" && tenantId.toLowerCase() !== tenant.toLowerCase())
        return "guest";
      return userRole?.toLowerCase() === "guest" ? "guest" : "member";
    } catch (error) {
      log.info(
        { why: error instanceof Error ? error.message : String(error) },
        "the team's roster cannot be read",
      );
      return "unknown";
    }
  }
}

import { TeamsInfo, type TurnContext } from "botbuilder";
import type { Logger } from "pino";
import { z } from "zod";
import type { IncomingActivity } from "./activity.ts";
import { within } from "./within.ts";

/** What a team's roster says about somebody; `unknown` when it cannot be read. */
export type Membership = "member" | "guest" | "unknown";

export type MembershipOf = (
  activity: IncomingActivity,
  context: TurnContext,
) => Promise<Membership>;

const lookTime = 3000;
const remembered: Readonly<Record<Membership, number>> = {
  member: 600_000,
  guest: 60_000,
  unknown: 60_000,
};
const mostRemembered = 1000;

const account = z.looseObject({ userRole: z.string().nullish(), tenantId: z.string().nullish() });

/**
 * Looks people up in the roster of the team, which needs no permission but being in the team. A roster that cannot be read
 * refuses nobody: a request has no effect without an approver, and approvers are named one by one.
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
  const seen = new Map<string, { readonly membership: Membership; readonly until: number }>();

  return async function membershipOf(activity, context) {
    const key = `${activity.channelData?.team?.id ?? activity.conversation.id} ${activity.from.id}`;
    const known = seen.get(key);
    if (known !== undefined && known.until > now()) return known.membership;

    const membership = await look(activity, context);
    if (seen.size >= mostRemembered) seen.clear();
    seen.set(key, { membership, until: now() + remembered[membership] });
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

import type { TurnContext } from "botbuilder";
import type { Person } from "../deployment/deployment.ts";
import type { Ledger } from "../deployment/ledger.ts";
import type { Clock } from "../deployment/ports.ts";
import type { IncomingActivity } from "./activity.ts";
import type { MembershipOf } from "./members.ts";
import { ledgerTime, within } from "./within.ts";

export interface StandingOptions {
  readonly membershipOf: MembershipOf;
  readonly audit: Ledger["audit"];
  readonly clock: Clock;
}

/** The sentence that turns somebody away who wants something done; undefined for a member of the team. */
export type Standing = (
  activity: IncomingActivity,
  context: TurnContext,
  person: Person,
  what: string,
) => Promise<string | undefined>;

/** Guests act nowhere, and whoever cannot be looked up does not act now; either is written down. */
export function createStanding({ membershipOf, audit, clock }: StandingOptions): Standing {
  return async function turnedAway(activity, context, person, what) {
    const membership = await membershipOf(activity, context);
    if (membership === "member") return undefined;
    const facts = { because: membership === "guest" ? "guest" : "roster-unread" };
    const entry = { at: clock.now(), deploymentId: undefined, actor: person };
    const written = audit({ ...entry, action: `refused:${what}`, facts });
    await within(ledgerTime, "the ledger", written);
    return membership === "guest" ? guestsRefused : rosterSilent;
  };
}

const guestsRefused = "Guests cannot do that here; a member of the team can. Nothing was done.";

const rosterSilent =
  "omnibot could not check that you are a member of this team, so nothing was done. Please try again in a moment.";

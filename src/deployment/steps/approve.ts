import type { Deployment } from "../deployment.ts";
import { isAutomatic, withdrawn, type Word } from "../policy.ts";
import { proposalOf } from "../proposal.ts";
import { recheck } from "../recheck.ts";
import { canceled, done, failed, waiting, type Step } from "../step.ts";

/** Finds out what would ship, shows it, and waits until enough people approved exactly that. */
export const approve: Step = {
  name: "approve",
  title: "Approve",
  // The request's own expiry ends this step (look.ts); this is only its upper bound.
  deadline: 30 * 24 * 60 * 60_000,

  appliesTo: ({ kind }) => kind !== "observed",

  async cancel() {
    return canceled("Nothing was begun.");
  },

  async advance(deployment, { world, environment }) {
    if (deployment.evidence.proposal === undefined) {
      const proposal = await proposalOf(deployment, world, environment);
      if ("code" in proposal) return failed(proposal.code, proposal);
      // Nobody is asked where the operator has decided it once and for all.
      if (isAutomatic(deployment))
        return done("by the configuration of this environment", proposal);
      return waiting({ seconds: 60 }, missing(deployment, environment.approval.required), proposal);
    }
    if (deployment.approvals.length < environment.approval.required) {
      return waiting({ seconds: 60 }, missing(deployment, environment.approval.required));
    }
    const missed = await withdrawn(deployment, environment, world.groups);
    if (missed !== undefined) {
      const { person, action } = missed;
      const detail = `${person.name} may not ${verbs[action]} ${environment.name} any more.`;
      return failed("permission-withdrawn", { detail });
    }
    const { proposal } = deployment.evidence;
    const { news, blocked } = await recheck(proposal, world);
    if (blocked !== undefined) return failed(blocked.code, blocked);
    return done(
      `by ${deployment.approvals.map((approval) => approval.person.name).join(" and ")}`,
      news.length === 0 ? {} : { proposal: { ...proposal, news } },
    );
  },
};

const verbs: Readonly<Record<Word["action"], string>> = {
  deploy: "deploy to",
  rollback: "roll back",
  override: "go past locks and freezes of",
  approve: "approve for",
};

function missing(deployment: Deployment, required: number): string {
  const left = required - deployment.approvals.length;
  return left === 1 ? "Waits for one approval" : `Waits for ${left} approvals`;
}

import type { Environment } from "../config/config.ts";
import type { Deployment, Person } from "./deployment.ts";
import { currentStep } from "./transitions.ts";

export type MayDecide =
  | "yes"
  | "own-request"
  | "not-permitted"
  | "already-decided"
  | "not-open"
  | "expired";

/**
 * Whether this person may approve or reject now. People are told apart by their Entra object id alone (P1), and the rule
 * is asked at the click, whatever the card showed (P2).
 */
export function mayDecide(
  deployment: Deployment,
  person: Person,
  environment: Environment,
  now: number,
): MayDecide {
  if (deployment.state === "expired") return "expired";
  if (deployment.state !== "active") return "already-decided";
  if (currentStep(deployment)?.step !== "approve") return "already-decided";
  if (deployment.cancellation !== undefined) return "already-decided";
  if (now >= deployment.expiresAt) return "expired";
  if (isAutomatic(deployment)) return "not-open";
  if (sameId(person.id, deployment.requester.id)) return "own-request";
  if (!environment.approval.approvers.some((approver) => sameId(approver, person.id)))
    return "not-permitted";
  if (deployment.approvals.some((approval) => sameId(approval.person.id, person.id)))
    return "already-decided";
  // Before the proposal is known nobody can know what they would approve (P7).
  if (deployment.evidence.proposal === undefined) return "not-open";
  return "yes";
}

/** Whether this person may stop a deployment, or have its failed step tried again: who asked for it, and who approves. */
export function mayIntervene(
  { requester }: Deployment,
  person: Person,
  { approval }: Environment,
): boolean {
  return [requester.id, ...approval.approvers].some((one) => sameId(one, person.id));
}

/** Whether this person may go past locks, freezes and blocks. */
export function mayOverride(person: Person, { override }: Environment): boolean {
  return override.some((one) => sameId(one, person.id));
}

/** GUIDs are the same in either case. */
function sameId(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** Whether omnibot goes back by itself here: nobody asked, and nobody is asked. */
export function isAutomatic({ target }: Pick<Deployment, "target">): boolean {
  return target.from === "build" && target.automatic === true;
}

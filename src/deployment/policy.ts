import type { Environment, Permissions } from "../config/config.ts";
import type { Deployment, Person } from "./deployment.ts";
import type { Groups } from "./ports.ts";
import { ServiceError } from "./service-error.ts";
import { currentStep } from "./transitions.ts";

/** What a person may be allowed to do, environment by environment. */
export type Action = keyof Permissions | "approve" | "override";

/** `unchecked`: it depends on a group that cannot be looked up now. That is no yes. */
export type Allowed = "yes" | "not-permitted" | "unchecked";

/** Who asked may not do this, or nobody can tell now. */
export interface NotAllowed {
  readonly state: Exclude<Allowed, "yes">;
  readonly action: Action;
  /** Undefined for what concerns all of them. */
  readonly environment: string | undefined;
}

export type MayDecide = Allowed | "own-request" | "already-decided" | "not-open" | "expired";

/**
 * Whether this person may approve or reject now. People are told apart by their Entra object id alone (P1), and the rule
 * is asked at the click, whatever the card showed (P2).
 */
export async function mayDecide(
  deployment: Deployment,
  person: Person,
  environment: Environment,
  now: number,
  groups: Groups,
): Promise<MayDecide> {
  if (deployment.state === "expired") return "expired";
  if (deployment.state !== "active") return "already-decided";
  if (currentStep(deployment)?.step !== "approve") return "already-decided";
  if (deployment.cancellation !== undefined) return "already-decided";
  if (now >= deployment.expiresAt) return "expired";
  if (isAutomatic(deployment)) return "not-open";
  if (sameId(person.id, deployment.requester.id)) return "own-request";
  const allowed = await may("approve", person, environment, groups);
  if (allowed !== "yes") return allowed;
  if (deployment.approvals.some((approval) => sameId(approval.person.id, person.id)))
    return "already-decided";
  // Before the proposal is known nobody can know what they would approve (P7).
  if (deployment.evidence.proposal === undefined) return "not-open";
  return "yes";
}

/** Whether this person may do this in this environment, at this moment. Whom nobody has restricted is anybody's. */
export async function may(
  action: Action,
  person: Person,
  environment: Environment,
  groups: Groups,
): Promise<Allowed> {
  try {
    return (await isPermitted(action, person, environment, groups)) ? "yes" : "not-permitted";
  } catch (error) {
    if (error instanceof ServiceError) return "unchecked";
    throw error;
  }
}

/** As `may`, for what concerns every environment: each of them has to allow it. */
export async function mayEverywhere(
  action: Action,
  person: Person,
  environments: Readonly<Record<string, Environment>>,
  groups: Groups,
): Promise<Allowed> {
  for (const environment of Object.values(environments)) {
    const allowed = await may(action, person, environment, groups);
    if (allowed !== "yes") return allowed;
  }
  return "yes";
}

/** Whether this person may stop a deployment, or have its failed step tried again: who asked for it always may. */
export async function mayIntervene(
  action: "cancel" | "retry",
  { requester }: Deployment,
  person: Person,
  environment: Environment,
  groups: Groups,
): Promise<Allowed> {
  if (sameId(requester.id, person.id)) return "yes";
  return may(action, person, environment, groups);
}

/** Somebody's word on which a deployment stands. */
export interface Word {
  readonly person: Person;
  readonly action: "deploy" | "rollback" | "override" | "approve";
}

/**
 * On whose word a deployment stands that may not say it any more: who asked, who approved. Asked once more before it begins.
 * @throws {ServiceError} when a group cannot be looked up.
 */
export async function withdrawn(
  { requester, kind, approvals, override }: Deployment,
  environment: Environment,
  groups: Groups,
): Promise<Word | undefined> {
  const words: readonly Word[] = [
    { person: requester, action: kind === "rollback" ? "rollback" : "deploy" },
    ...(override === undefined ? [] : [{ person: requester, action: "override" } as const]),
    ...approvals.map(({ person }) => ({ person, action: "approve" }) as const),
  ];
  for (const word of words) {
    if (!(await isPermitted(word.action, word.person, environment, groups))) return word;
  }
  return undefined;
}

async function isPermitted(
  action: Action,
  person: Person,
  environment: Environment,
  groups: Groups,
): Promise<boolean> {
  const who = listOf(action, environment);
  if (who === undefined || who.some((one) => sameId(one, person.id))) return true;
  const ids = who.flatMap((one) => groupOf(one) ?? []);
  return ids.length > 0 && groups.hasMember(ids, person.id);
}

/** Who may do this; undefined where everybody in the channel may. */
function listOf(
  action: Action,
  { approval, override, permissions }: Environment,
): readonly string[] | undefined {
  if (action === "approve") return approval.approvers;
  if (action === "override") return override;
  const intervenes = action === "cancel" || action === "retry";
  return permissions[action] ?? (intervenes ? approval.approvers : undefined);
}

/** The group that an entry of a list names; undefined where it is a person. */
export function groupOf(entry: string): string | undefined {
  return entry.startsWith("group:") ? entry.slice("group:".length) : undefined;
}

/** GUIDs are the same in either case. */
function sameId(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** Whether omnibot goes back by itself here: nobody asked, and nobody is asked. */
export function isAutomatic({ target }: Pick<Deployment, "target">): boolean {
  return target.from === "build" && target.automatic === true;
}

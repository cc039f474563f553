import type {
  Approval,
  Deployment,
  Evidence,
  Failure,
  Following,
  Progress,
  Rejection,
  State,
  Target,
} from "../deployment/deployment.ts";
import { currentStep } from "../deployment/transitions.ts";
import type { ApprovalRow, DeploymentRow } from "./schema.ts";

/** The part of a deployment that is read and written as a whole. */
interface Story {
  readonly progress: readonly Progress[];
  readonly evidence: Evidence;
  readonly rejection?: Rejection;
  readonly failure?: Failure;
  readonly following?: Following;
}

/**
 * Work on a row that is nobody's deployment any more, or never was: the one that an environment may have at a time is still to be
 * had (the index deployment_one_active knows `active` only).
 */
const following = "following";
/** States of rows that are worked on. */
export const working: readonly string[] = ["active", following];

function stateOf(deployment: Deployment): string {
  const { state, kind } = deployment;
  const aside = deployment.following !== undefined || (state === "active" && kind === "observed");
  return aside ? following : state;
}

/** A deployment from its row. The row was written by this module, which is what the casts rest on. */
export function deploymentOf(row: DeploymentRow, approvals: readonly ApprovalRow[]): Deployment {
  const story = JSON.parse(row.story) as Story;
  return {
    id: row.id,
    key: row.key,
    kind: row.kind as Deployment["kind"],
    environment: row.environment,
    target: JSON.parse(row.target) as Target,
    requester: { id: row.requester_id, name: row.requester_name },
    requestedAt: row.requested_at,
    expiresAt: row.expires_at,
    state: row.state === following ? workedOn(story) : (row.state as State),
    ...story,
    approvals: approvals.map(approvalOf),
    ...(row.cancellation === null
      ? {}
      : { cancellation: JSON.parse(row.cancellation) as Approval }),
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
    revision: row.revision,
  };
}

function workedOn(story: Story): State {
  return story.following === undefined ? "active" : "failed";
}

function approvalOf(row: ApprovalRow): Approval {
  return { person: { id: row.person_id, name: row.person_name }, at: row.at };
}

/** What has a column or a table of its own. All else is the story, with what a newer version may have put there. */
const ownColumns: ReadonlySet<string> = new Set<keyof Deployment>([
  "id",
  "key",
  "kind",
  "environment",
  "target",
  "requester",
  "requestedAt",
  "expiresAt",
  "state",
  "approvals",
  "cancellation",
  "endedAt",
  "revision",
]);

/** The columns that a look may change. Approvals have a table of their own, since people decide while a look runs. */
export function columnsOf(
  deployment: Deployment,
): Pick<DeploymentRow, "state" | "step" | "story" | "ended_at"> {
  const story = Object.entries(deployment).filter(([name]) => !ownColumns.has(name));
  return {
    state: stateOf(deployment),
    step: deployment.state === "active" ? (currentStep(deployment)?.step ?? null) : null,
    story: JSON.stringify(Object.fromEntries(story)),
    ended_at: deployment.endedAt ?? null,
  };
}

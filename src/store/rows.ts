import type {
  Approval,
  Deployment,
  Evidence,
  Failure,
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
    state: row.state as State,
    ...story,
    approvals: approvals.map(approvalOf),
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
    revision: row.revision,
  };
}

function approvalOf(row: ApprovalRow): Approval {
  return { person: { id: row.person_id, name: row.person_name }, at: row.at };
}

/** The columns that a look may change. Approvals have a table of their own, since people decide while a look runs. */
export function columnsOf(
  deployment: Deployment,
): Pick<DeploymentRow, "state" | "step" | "story" | "ended_at"> {
  const { progress, evidence, rejection, failure } = deployment;
  const story: Story = {
    progress,
    evidence,
    ...(rejection === undefined ? {} : { rejection }),
    ...(failure === undefined ? {} : { failure }),
  };
  return {
    state: deployment.state,
    step: deployment.state === "active" ? (currentStep(deployment)?.step ?? null) : null,
    story: JSON.stringify(story),
    ended_at: deployment.endedAt ?? null,
  };
}

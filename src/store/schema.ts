import type { Generated, Selectable } from "kysely";

/** The tables as both databases have them: text, numbers, and JSON as text. Times are milliseconds since 1970. */
export interface Schema {
  deployment: DeploymentTable;
  approval: ApprovalTable;
  effect: EffectTable;
  audit: AuditTable;
  delivery: DeliveryTable;
  thread: ThreadTable;
  watched_file: WatchedFileTable;
  channel: ChannelTable;
  lock: LockTable;
  block: BlockTable;
}

export interface DeploymentTable {
  id: Generated<number>;
  key: string;
  kind: string;
  environment: string;
  target: string;
  requester_id: string;
  requester_name: string;
  requested_at: number;
  expires_at: number;
  /** As in the heart; `following` instead of `active` where others' change is followed, which holds nobody up. */
  state: string;
  /** The step that is worked on, for the conditions of decisions. */
  step: string | null;
  /** Progress, evidence, rejection and failure, as JSON. */
  story: string;
  ended_at: number | null;
  revision: number;
  next_at: number;
  wakes: number;
  trouble: string | null;
  /** Who wants it stopped, as JSON. */
  cancellation: string | null;
  version: number;
  lease_owner: string | null;
  lease_until: number;
}

export interface ApprovalTable {
  deployment_id: number;
  person_id: string;
  person_name: string;
  at: number;
}

export interface EffectTable {
  deployment_id: number;
  name: string;
  status: string;
  intent_at: number;
  result: string | null;
}

export interface AuditTable {
  id: Generated<number>;
  at: number;
  deployment_id: number | null;
  actor_id: string;
  actor_name: string;
  action: string;
  facts: string;
}

export interface DeliveryTable {
  conversation: string;
  id: string;
  at: number;
}

export interface ThreadTable {
  deployment_id: number;
  conversation: string;
  reference: string;
  sent: string | null;
  shown_revision: number;
  /** 1 while it may not show the newest revision; the database itself keeps it. */
  behind: Generated<number>;
  next_at: number;
  version: number;
  lease_owner: string | null;
  lease_until: number;
}

export interface WatchedFileTable {
  environment: string;
  next_at: number;
  place: string | null;
  commit_id: string | null;
  tag: string | null;
  broken: string | null;
}

export interface ChannelTable {
  id: string;
  reference: string;
  at: number;
}

export type WatchedFileRow = Selectable<WatchedFileTable>;

export interface LockTable {
  environment: string;
  owner_id: string;
  owner_name: string;
  reason: string;
  since: number;
  until: number | null;
  /** The rollback that it keeps in place. */
  deployment_id: number | null;
}

export interface BlockTable {
  build: number;
  person_id: string;
  person_name: string;
  reason: string;
  since: number;
}

/**
 * The columns of each table that is read as a whole. They are asked for by name: so a version that adds one changes neither what
 * an older one is answered, nor the answer of a statement that is prepared.
 */
export const all = {
  deployment: [
    "id",
    "key",
    "kind",
    "environment",
    "target",
    "requester_id",
    "requester_name",
    "requested_at",
    "expires_at",
    "state",
    "step",
    "story",
    "ended_at",
    "revision",
    "next_at",
    "wakes",
    "trouble",
    "cancellation",
    "version",
    "lease_owner",
    "lease_until",
  ],
  approval: ["deployment_id", "person_id", "person_name", "at"],
  effect: ["deployment_id", "name", "status", "intent_at", "result"],
  thread: [
    "deployment_id",
    "conversation",
    "reference",
    "sent",
    "shown_revision",
    "behind",
    "next_at",
    "version",
    "lease_owner",
    "lease_until",
  ],
  watched_file: ["environment", "next_at", "place", "commit_id", "tag", "broken"],
  lock: ["environment", "owner_id", "owner_name", "reason", "since", "until", "deployment_id"],
  block: ["build", "person_id", "person_name", "reason", "since"],
} as const satisfies { readonly [Table in keyof Schema]?: readonly (keyof Schema[Table])[] };

export type DeploymentRow = Selectable<DeploymentTable>;
export type ApprovalRow = Selectable<ApprovalTable>;
export type LockRow = Selectable<LockTable>;
export type BlockRow = Selectable<BlockTable>;

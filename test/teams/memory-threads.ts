import type { Deployment } from "../../src/deployment/deployment.ts";
import type { ThreadClaim, Threads } from "../../src/deployment/ledger.ts";

interface Row {
  deployment: Deployment;
  conversation: string;
  reference: string;
  sent: string | undefined;
  shown: number;
  spoiled?: boolean;
  nextAt: number;
  owner: string | undefined;
  leaseUntil: number;
  version: number;
}

/** The threads of a ledger, in memory. */
export class MemoryThreads implements Threads {
  readonly rows: Row[] = [];

  add(deployment: Deployment, conversation: string, reference: string): void {
    const empty = {
      sent: undefined,
      shown: 0,
      nextAt: 0,
      owner: undefined,
      leaseUntil: 0,
      version: 0,
    };
    this.rows.push({ deployment, conversation, reference, ...empty });
  }

  /** The row changed: its thread is due. */
  save(deployment: Deployment): void {
    const row = this.rows.find((one) => one.deployment.id === deployment.id);
    if (row !== undefined)
      row.deployment = { ...deployment, revision: row.deployment.revision + 1 };
  }

  async claimThread(
    owner: string,
    now: number,
    leaseUntil: number,
  ): Promise<ThreadClaim | undefined> {
    const row = this.rows.find(
      (one) => one.shown < one.deployment.revision && one.nextAt <= now && one.leaseUntil <= now,
    );
    if (row === undefined) return undefined;
    Object.assign(row, { owner, leaseUntil, version: row.version + 1 });
    const { deployment, conversation, reference, sent, version } = row;
    return {
      deployment,
      conversation,
      reference,
      sent,
      owner,
      version,
      revision: deployment.revision,
      spoiled: row.spoiled === true,
    };
  }

  async keepThread(claim: ThreadClaim, sent: string, leaseUntil: number): Promise<boolean> {
    const row = this.#held(claim);
    const { conversation, reference } = claim;
    if (row !== undefined) Object.assign(row, { sent, leaseUntil, conversation, reference });
    return row !== undefined;
  }

  async releaseThread(
    claim: ThreadClaim,
    sent: string | undefined,
    shown: number,
    nextAt: number,
  ): Promise<void> {
    const row = this.#held(claim);
    if (row !== undefined)
      Object.assign(row, {
        sent,
        shown,
        nextAt,
        spoiled: false,
        owner: undefined,
        leaseUntil: 0,
      });
  }

  async readThread(deploymentId: number): Promise<string | undefined> {
    return this.rows.find((one) => one.deployment.id === deploymentId)?.sent;
  }

  async spoilThread(deploymentId: number): Promise<void> {
    const row = this.rows.find((one) => one.deployment.id === deploymentId);
    if (row === undefined) return;
    const free = { owner: undefined, leaseUntil: 0, version: row.version + 1 };
    Object.assign(row, { spoiled: true, shown: -1, nextAt: 0, ...free });
  }

  #held(claim: ThreadClaim): Row | undefined {
    return this.rows.find(
      (one) => one.deployment.id === claim.deployment.id && one.version === claim.version,
    );
  }
}

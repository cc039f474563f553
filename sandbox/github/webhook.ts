import { createHmac, randomUUID } from "node:crypto";
import type { Outbox } from "../hooks/outbox.ts";
import type { Address } from "./address.ts";
import type { PullRequest, PullRequestAction } from "./pull-requests.ts";
import type { Push } from "./repository.ts";
import { omnibotAccount, writeUser } from "./wire.ts";

const path = "/api/hooks/github";
const nobody = "0".repeat(40);

export interface WebhookOptions {
  readonly outbox: Outbox;
  readonly secret: string;
  readonly address: () => Address;
  /** The repository as every payload repeats it. */
  readonly repository: () => object;
}

/** The webhook of a GitHub App: signed over its bytes, sent once. */
export function createWebhook({ outbox, secret, address, repository }: WebhookOptions) {
  function send(event: string, facts: object): void {
    const sender = writeUser(address(), omnibotAccount.name, "Bot");
    const body = JSON.stringify({ ...facts, repository: repository(), sender });
    const signature = createHmac("sha256", secret).update(body).digest("hex");
    const headers = {
      "x-github-event": event,
      "x-github-delivery": randomUUID(),
      "x-hub-signature-256": `sha256=${signature}`,
      "user-agent": "GitHub-Hookshot/5c1dfe0",
    };
    void outbox.send(path, headers, body);
  }

  return {
    push({ branch, before = nobody, after = nobody }: Push): void {
      const [created, deleted] = [before === nobody, after === nobody];
      send("push", { ref: `refs/heads/${branch}`, before, after, created, deleted, commits: [] });
    },
    pullRequest(action: PullRequestAction, pull: PullRequest): void {
      const { number, title, closedAt, merge, head, headSha, base, baseSha } = pull;
      const state = closedAt === undefined ? "open" : "closed";
      const ends = { head: { ref: head, sha: headSha }, base: { ref: base, sha: baseSha } };
      const merged = merge !== undefined;
      send("pull_request", {
        action,
        number,
        pull_request: { number, title, state, merged, merge_commit_sha: merge?.sha, ...ends },
      });
    },
  };
}

import { type Api, param } from "./api.ts";

export type CheckState = "success" | "pending" | "failure";

/** What the branch `main` asks of a merge. Nothing, until somebody sets it. */
export class BranchRules {
  /** Required status checks, and how they stand on every commit. */
  readonly checks = new Map<string, CheckState>();
  /** Merges go through a merge queue, and the synchronous merge is refused. */
  mergeQueue = false;

  /** Why a merge is refused now, in GitHub's words. */
  refusal(branch: string): string | undefined {
    const missing =
      branch === "main" ? [...this.checks].filter(([, state]) => state !== "success") : [];
    const [first] = missing;
    if (first === undefined) return undefined;
    const [name, state] = first;
    const words =
      missing.length > 1
        ? `${missing.length} of ${this.checks.size} required status checks are expected.`
        : `Required status check "${name}" is ${state === "failure" ? "failing" : "expected"}.`;
    return `Repository rule violations found\n\n${words}\n\n`;
  }
}

export function addRuleRoutes(api: Api, rules: BranchRules): void {
  api.route("GET", "/rules/branches/*branch", async (request) => {
    if (param(request, "branch") !== "main") return { status: 200, json: [] };
    const { owner, repo } = api.address;
    const source = {
      ruleset_source_type: "Repository",
      ruleset_source: `${owner}/${repo}`,
      ruleset_id: 4242,
    };
    const required_status_checks = [...rules.checks.keys()].map((context) => ({ context }));
    const checks = {
      type: "required_status_checks",
      ...source,
      parameters: { strict_required_status_checks_policy: false, required_status_checks },
    };
    const queue = {
      type: "merge_queue",
      ...source,
      parameters: {
        check_response_timeout_minutes: 60,
        grouping_strategy: "ALLGREEN",
        max_entries_to_build: 5,
        max_entries_to_merge: 5,
        merge_method: "SQUASH",
        min_entries_to_merge: 1,
        min_entries_to_merge_wait_minutes: 5,
      },
    };
    return {
      status: 200,
      json: [...(rules.checks.size > 0 ? [checks] : []), ...(rules.mergeQueue ? [queue] : [])],
    };
  });
}

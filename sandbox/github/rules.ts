import { type Api, param } from "./api.ts";

export type CheckState = "success" | "pending" | "failure";

/** What the branch `main` asks of a merge. Nothing, until somebody sets it. */
export class BranchRules {
  /** Required status checks, and how they stand on every commit. */
  readonly checks = new Map<string, CheckState>();
  /** Merges go through a merge queue, and the synchronous merge is refused. */
  mergeQueue = false;
  /** Approving reviews that a pull request needs, and has. */
  reviews: { readonly required: number; readonly given: number } = { required: 0, given: 0 };
  /** Only administrators may merge. */
  locked = false;
  /** The older form: branch protection instead of rulesets. It is shown to administrators only. */
  protection = false;
  /** What omnibot may do in the repository. */
  permissions = { admin: false, maintain: false, push: true, triage: true, pull: true };

  /** Why a merge is refused now, in GitHub's words. */
  refusal(branch: string): string | undefined {
    if (branch !== "main") return undefined;
    if (this.locked) return notAuthorized;
    const { required, given } = this.reviews;
    if (given < required) {
      const reviews =
        required === 1 ? "1 approving review is" : `${required} approving reviews are`;
      return violation(`At least ${reviews} required by reviewers with write access.`);
    }
    const missing = [...this.checks].filter(([, state]) => state !== "success");
    const [first] = missing;
    if (first === undefined) return undefined;
    const [name, state] = first;
    const words =
      missing.length > 1
        ? `${missing.length} of ${this.checks.size} required status checks are expected.`
        : `Required status check "${name}" is ${state === "failure" ? "failing" : "expected"}.`;
    return violation(words);
  }
}

const notAuthorized =
  "You're not authorized to push to this branch. Visit https://docs.github.com/articles/about-protected-branches/ for more information.";

function violation(words: string): string {
  return `Repository rule violations found\n\n${words}\n\n`;
}

export function addRuleRoutes(api: Api, rules: BranchRules): void {
  api.route("GET", "/rules/branches/*branch", async (request) => {
    if (param(request, "branch") !== "main" || rules.protection) return { status: 200, json: [] };
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
    const review = {
      type: "pull_request",
      ...source,
      parameters: {
        allowed_merge_methods: ["merge", "squash", "rebase"],
        dismiss_stale_reviews_on_push: false,
        require_code_owner_review: false,
        require_last_push_approval: false,
        required_approving_review_count: rules.reviews.required,
        required_review_thread_resolution: false,
      },
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
      json: [
        ...(rules.checks.size > 0 ? [checks] : []),
        ...(rules.reviews.required > 0 ? [review] : []),
        ...(rules.locked ? [{ type: "update", ...source }] : []),
        ...(rules.mergeQueue ? [queue] : []),
      ],
    };
  });
}

import { encodePath } from "./address.ts";
import { type Api, param, Refusal } from "./api.ts";
import { readCommit } from "./history.ts";
import type { BranchRules } from "./rules.ts";
import { writeCommit, writeRepository } from "./wire.ts";

/** The repository, and a branch, as whoever may read sees them; how a branch is protected is for administrators. */
export function addProtectionRoutes(api: Api, rules: BranchRules): void {
  const { repository } = api;

  api.route("GET", "", async () => {
    const json = writeRepository(api.address, repository.dir);
    return { status: 200, json: { ...json, permissions: rules.permissions } };
  });

  api.route("GET", "/branches/*branch/protection", async () => {
    if (!rules.permissions.admin) throw new Refusal(403, "Resource not accessible by integration");
    if (!rules.protection) throw new Refusal(404, "Branch not protected");
    const { required } = rules.reviews;
    const reviews = {
      dismiss_stale_reviews: false,
      require_code_owner_reviews: false,
      required_approving_review_count: required,
    };
    return {
      status: 200,
      json: {
        url: `${api.address.api}/branches/main/protection`,
        ...(required === 0 ? {} : { required_pull_request_reviews: reviews }),
      },
    };
  });

  api.route("GET", "/branches/*branch", async (request) => {
    const name = param(request, "branch");
    const sha = await repository.head(name);
    if (sha === undefined) throw new Refusal(404, "Branch not found");
    const root = `${api.address.api}/branches/${encodePath(name)}`;
    const contexts = rules.protection ? [...rules.checks.keys()] : [];
    const ruled = rules.checks.size > 0 || rules.reviews.required > 0 || rules.locked;
    return {
      status: 200,
      json: {
        name,
        commit: writeCommit(api.address, await readCommit(repository, sha)),
        _links: { self: root, html: `${api.address.html}/tree/${encodePath(name)}` },
        protected: name === "main" && (ruled || rules.protection),
        protection: {
          enabled: name === "main" && rules.protection,
          required_status_checks: {
            enforcement_level: contexts.length > 0 ? "non_admins" : "off",
            contexts,
            checks: contexts.map((context) => ({ context, app_id: null })),
          },
        },
        protection_url: `${root}/protection`,
      },
    };
  });
}

import { z } from "zod";
import type { GitOpsConfig } from "../config/config.ts";
import { runChecks, type Preflight } from "../deployment/preflight.ts";
import { firstWords } from "../deployment/words.ts";
import { accept, ask, type Repository } from "./exchange.ts";
import { refusal } from "./errors.ts";

const repositoryAnswer = z.object({
  archived: z.boolean().default(false),
  permissions: z.object({ pull: z.boolean(), push: z.boolean() }).nullish().catch(undefined),
  // Shown to those who may push only.
  allow_merge_commit: z.boolean().nullish(),
  allow_squash_merge: z.boolean().nullish(),
  allow_rebase_merge: z.boolean().nullish(),
});

/** What a GitHub App may do, as its token says. */
const installation = z.object({
  permissions: z.object({
    contents: z.string().optional(),
    pull_requests: z.string().optional(),
  }),
});

const named = z.object({ context: z.string() });
const checksParameters = z.object({ required_status_checks: z.array(named) });
const reviewParameters = z.object({
  required_approving_review_count: z.int().nonnegative().default(0),
  require_code_owner_review: z.boolean().default(false),
  require_last_push_approval: z.boolean().default(false),
  allowed_merge_methods: z.array(z.string()).nullish(),
});
const rules = z.array(z.object({ type: z.string(), parameters: z.unknown().optional() }));

const branchAnswer = z.object({
  protected: z.boolean(),
  protection: z
    .object({
      enabled: z.boolean().default(false),
      required_status_checks: z
        .object({ enforcement_level: z.string().nullish(), contexts: z.array(z.string()) })
        .nullish(),
    })
    .nullish(),
});

const protectionAnswer = z.object({
  required_pull_request_reviews: z
    .object({ required_approving_review_count: z.int().nonnegative().default(1) })
    .nullish(),
});

/** What would keep a change from being pushed and merged, as far as GitHub tells omnibot. */
export function preflight(repository: Repository, gitops: GitOpsConfig): Promise<Preflight> {
  const { branch } = gitops;
  return runChecks([
    {
      about: `what omnibot may do in ${gitops.repository}`,
      find: () => checkRights(repository, gitops),
    },
    { about: `the rules of ${branch}`, find: () => checkRules(repository, gitops) },
    { about: `the protection of ${branch}`, find: () => checkProtection(repository, branch) },
  ]);
}

async function checkRights(
  repository: Repository,
  gitops: GitOpsConfig,
): Promise<Partial<Preflight>> {
  const { repository: name, mergeMethod } = gitops;
  const { archived, methodAllowed, mayPush } = await readRights(repository, gitops);
  if (archived) return { warnings: [`${name} is archived: nothing can be changed there.`] };
  return {
    warnings: [
      ...(mayPush === false
        ? [`omnibot may not push to ${name} and open pull requests there.`]
        : []),
      ...(methodAllowed ? [] : [`${name} does not allow the merge method ${mergeMethod}.`]),
    ],
    unchecked: mayPush === undefined ? [`whether omnibot may push to ${name}`] : [],
  };
}

export interface Rights {
  readonly archived: boolean;
  /** Whether the repository allows the configured method of merging. */
  readonly methodAllowed: boolean;
  /** Whether omnibot may push and open pull requests; undefined where GitHub does not tell. */
  readonly mayPush: boolean | undefined;
  /** Of a classic token only: what it may do in every repository of its owner. */
  readonly scopes: string | undefined;
}

/** What omnibot may do in the repository. */
export async function readRights(
  repository: Repository,
  { mergeMethod }: GitOpsConfig,
): Promise<Rights> {
  const asked = await ask(repository, "GET /repos/{owner}/{repo}");
  const answer = accept(asked, repositoryAnswer);
  const { merge, squash, rebase } = {
    merge: answer.allow_merge_commit,
    squash: answer.allow_squash_merge,
    rebase: answer.allow_rebase_merge,
  };
  const scopes = asked.headers["x-oauth-scopes"];
  return {
    archived: answer.archived,
    methodAllowed: { merge, squash, rebase }[mergeMethod] !== false,
    mayPush: await findOutPush(repository, answer.permissions ?? undefined),
    scopes: typeof scopes === "string" && scopes !== "" ? scopes : undefined,
  };
}

/** An App's rights stand in its token: of the repository GitHub tells it that it may do nothing at all, not even read. */
async function findOutPush(
  { octokit }: Repository,
  permissions: { readonly pull: boolean; readonly push: boolean } | undefined,
): Promise<boolean | undefined> {
  if (permissions?.push === true) return true;
  const app = installation.safeParse(await octokit.auth({ type: "installation" }));
  if (app.success) {
    const { contents, pull_requests: pullRequests } = app.data.permissions;
    return contents === "write" && pullRequests === "write";
  }
  return permissions?.pull === true ? false : undefined;
}

export async function checkRules(
  repository: Repository,
  { branch, mergeMethod }: GitOpsConfig,
): Promise<Partial<Preflight>> {
  const route = "GET /repos/{owner}/{repo}/rules/branches/{branch}";
  const found = accept(await ask(repository, route, { branch, per_page: 100 }), rules);
  return {
    warnings: found.flatMap(({ type, parameters }) => {
      switch (type) {
        case "required_status_checks":
          return wantedChecks(
            branch,
            (checksParameters.safeParse(parameters).data?.required_status_checks ?? []).map(
              (one) => one.context,
            ),
          );
        case "pull_request": {
          const asked = reviewParameters.safeParse(parameters).data;
          const { allowed_merge_methods: methods } = asked ?? {};
          return [
            ...(asked === undefined ? [] : wantedReviews(branch, asked)),
            ...(methods === undefined || methods === null || methods.includes(mergeMethod)
              ? []
              : [`${branch} does not allow the merge method ${mergeMethod}.`]),
          ];
        }
        case "required_linear_history":
          return mergeMethod === "merge" ? [`${branch} does not allow merge commits.`] : [];
        case "update":
          return [`Only who may bypass its rules can change ${branch}.`];
        case "required_deployments":
          return [`${branch} wants a deployment to other environments before a merge.`];
        default:
          return [];
      }
    }),
  };
}

/** The older form of rules. Reading it whole takes rights of an administrator; that it asks for checks is shown to everybody. */
export async function checkProtection(
  repository: Repository,
  branch: string,
): Promise<Partial<Preflight>> {
  const route = "GET /repos/{owner}/{repo}/branches/{branch}";
  const seen = accept(await ask(repository, route, { branch }), branchAnswer);
  if (!seen.protected || seen.protection?.enabled === false) return {};
  const checks = seen.protection?.required_status_checks;
  const warnings =
    checks === undefined || checks === null || checks.enforcement_level === "off"
      ? []
      : wantedChecks(branch, checks.contexts);

  const answer = await ask(repository, `${route}/protection`, { branch });
  if (answer.status === 404) return { warnings };
  if (answer.status === 403)
    return {
      warnings,
      unchecked: [`whether ${branch} asks for reviews (GitHub does not show it)`],
    };
  if (answer.status > 299) throw refusal(answer, "none", answer.what);
  const { required_pull_request_reviews: reviews } = accept(answer, protectionAnswer);
  return {
    warnings: [
      ...warnings,
      ...(reviews === undefined || reviews === null ? [] : wantedReviews(branch, reviews)),
    ],
  };
}

function wantedChecks(branch: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const some = names.slice(0, 5).map((name) => `"${firstWords(name).slice(0, 60)}"`);
  const rest = names.length > some.length ? ` and ${names.length - some.length} more` : "";
  const word = names.length === 1 ? "check" : "checks";
  return [
    `The merge has to wait for the ${word} ${some.join(", ")}${rest}, which ${branch} requires.`,
  ];
}

function wantedReviews(
  branch: string,
  asked: {
    readonly required_approving_review_count: number;
    readonly require_code_owner_review?: boolean;
    readonly require_last_push_approval?: boolean;
  },
): readonly string[] {
  const count = asked.required_approving_review_count;
  const owner = asked.require_code_owner_review === true;
  if (count === 0 && !owner && asked.require_last_push_approval !== true) return [];
  const what = count > 1 ? `${count} reviews` : "a review";
  const whose = owner ? " by a code owner" : "";
  return [
    `The merge has to wait for ${what}${whose} on GitHub, unless omnibot may bypass that rule of ${branch}.`,
  ];
}

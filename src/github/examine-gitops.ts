import { z } from "zod";
import type { Bad, TagState } from "../deployment/ports.ts";
import type { Preflight } from "../deployment/preflight.ts";
import { readBranch } from "./branch.ts";
import { readWantedTag } from "./change.ts";
import { accept, ask, repositoryOf } from "./exchange.ts";
import { readFile } from "./file.ts";
import type { GitOpsOptions } from "./gitops.ts";
import { replaceTag } from "./helm-release.ts";
import { checkProtection, checkRules, readRights, type Rights } from "./preflight.ts";
import { findPullRequest } from "./pull-request.ts";

/** What can be found out about the GitOps repository without writing to it. Every method throws ServiceError. */
export interface GitOpsExamination {
  rights(): Promise<Rights>;
  /** Commit at the head of the configured branch. */
  head(): Promise<string>;
  readTag(): Promise<TagState>;
  /** The line of the tag before and after a change to this tag, which is made in memory only. */
  tryEdit(tag: string): Promise<Edit | Bad>;
  /** Throws where omnibot may not even read pull requests. */
  readPullRequests(): Promise<void>;
  /** Throws where omnibot may not even read deployments. */
  readDeployments(): Promise<void>;
  /** What the configured branch asks of a merge. */
  rules(): Promise<Preflight>;
  /** The rules that keep omnibot from making, changing or removing a branch of its own. */
  rulesOfOwnBranches(): Promise<readonly string[]>;
}

export interface Edit {
  readonly state: "edited";
  readonly line: number;
  readonly before: string;
  readonly after: string;
}

const ruleTypes = z.array(z.object({ type: z.string() }));
/** The branch of no deployment: ids are numbers. */
const nobodysBranch = "omnibot/doctor";
const inTheWay = new Set([
  "creation",
  "update",
  "deletion",
  "required_signatures",
  "branch_name_pattern",
]);

export function examineGitOps({ octokit, gitops }: GitOpsOptions): GitOpsExamination {
  const repository = repositoryOf(octokit, gitops.repository);
  const head = async () => (await readBranch(repository, gitops.branch)).head;
  return {
    rights: () => readRights(repository, gitops),
    head,
    readTag: () => readWantedTag(repository, gitops),

    async tryEdit(tag) {
      const file = await readFile(repository, gitops.file, await head());
      if (file.state === "failed") return file;
      const edited = replaceTag(file.text, gitops, tag);
      if (edited.state === "failed") return edited;
      const { line } = edited;
      const lineOf = (text: string) => text.split(/\r\n?|\n/)[line - 1] ?? "";
      return { state: "edited", line, before: lineOf(file.text), after: lineOf(edited.text) };
    },

    async readPullRequests() {
      await findPullRequest(repository, { branch: nobodysBranch, base: gitops.branch });
    },

    async readDeployments() {
      const route = "GET /repos/{owner}/{repo}/deployments";
      accept(await ask(repository, route, { per_page: 1 }), z.array(z.unknown()));
    },

    async rules() {
      const [ruled, protection] = await Promise.all([
        checkRules(repository, gitops),
        checkProtection(repository, gitops.branch),
      ]);
      return {
        warnings: [...(ruled.warnings ?? []), ...(protection.warnings ?? [])],
        unchecked: [...(ruled.unchecked ?? []), ...(protection.unchecked ?? [])],
      };
    },

    async rulesOfOwnBranches() {
      const route = "GET /repos/{owner}/{repo}/rules/branches/{branch}";
      const answer = await ask(repository, route, { branch: nobodysBranch, per_page: 100 });
      return accept(answer, ruleTypes)
        .map(({ type }) => type)
        .filter((type) => inTheWay.has(type));
    },
  };
}

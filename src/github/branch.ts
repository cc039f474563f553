import type { BranchState } from "../deployment/ports.ts";
import { reference } from "./answers.ts";
import { accept, ask, type Repository } from "./exchange.ts";
import { notShownYet, refusal } from "./errors.ts";

/** The head of a branch; undefined when there is no such branch. */
export async function findBranch(
  repository: Repository,
  branch: string,
): Promise<BranchState | undefined> {
  const answer = await ask(repository, "GET /repos/{owner}/{repo}/git/ref/{ref}", {
    ref: `heads/${branch}`,
  });
  if (answer.status === 404) return undefined;
  return { head: accept(answer, reference).object.sha };
}

/** The head of a branch that must be there. @throws ServiceError when it is not, or the repository cannot be seen. */
export async function readBranch(repository: Repository, branch: string): Promise<BranchState> {
  const answer = await ask(repository, "GET /repos/{owner}/{repo}/git/ref/{ref}", {
    ref: `heads/${branch}`,
  });
  return { head: accept(answer, reference).object.sha };
}

/** Creates a branch at the head of another; one that is there already, from an earlier try, is as good. */
export async function createBranch(
  repository: Repository,
  branch: string,
  from: string,
): Promise<BranchState> {
  const { head } = await readBranch(repository, from);
  const wanted = { ref: `refs/heads/${branch}`, sha: head };
  const answer = await ask(repository, "POST /repos/{owner}/{repo}/git/refs", wanted);
  if (answer.status === 422 && /already exists/i.test(answer.message)) {
    const existing = await findBranch(repository, branch);
    if (existing !== undefined) return existing;
    throw notShownYet(`the branch ${branch}`, answer.doubt);
  }
  return { head: accept(answer, reference).object.sha };
}

/** Removes a branch; one that is gone already is fine, since a repository may be set to remove merged branches itself. */
export async function deleteBranch(repository: Repository, branch: string): Promise<void> {
  const answer = await ask(repository, "DELETE /repos/{owner}/{repo}/git/refs/{ref}", {
    ref: `heads/${branch}`,
  });
  if (answer.status < 300 || answer.status === 404) return;
  if (answer.status === 422 && /does not exist/i.test(answer.message)) return;
  throw refusal(answer, "none", answer.what);
}

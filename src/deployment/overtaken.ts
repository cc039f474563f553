import type { Deployment } from "./deployment.ts";
import { known } from "./known.ts";
import type { Bad, GitOps } from "./ports.ts";
import { ServiceError } from "./service-error.ts";

interface Overtaken {
  readonly detail: string;
  readonly url?: string;
}

/**
 * Who put another tag into Git after our merge, if anybody did: whatever becomes of ours, it is not what is wanted any more.
 * GitHub's list of commits may lag behind the merge, so that the other commit must be proven to come after it.
 */
export async function overtakenBy(
  deployment: Deployment,
  gitops: GitOps,
): Promise<Overtaken | undefined> {
  const { merge, change } = deployment.evidence;
  const { tag } = known(deployment, "image");
  if (merge === undefined) return undefined;
  try {
    const [newest] = await gitops.readFileCommits();
    if (newest === undefined) return undefined;
    const { id, author = "Somebody", url } = newest.commit;
    // Where the merge keeps the branch's commit, the file's history shows that one.
    if (id === merge.commit || id === change?.head) return undefined;
    if ((await gitops.compare(merge.commit, id)) !== "descendant") return undefined;
    const file = await gitops.readTagAt(id);
    if (file.state === "failed" || file.tag === tag) return undefined;
    const detail = `${author} put ${file.tag} into Git after that, in ${id.slice(0, 7)}.`;
    return { detail, ...(url === undefined ? {} : { url }) };
  } catch (error) {
    // What Flux and the pods say goes on without it.
    if (!(error instanceof ServiceError)) throw error;
    return undefined;
  }
}

/** Flux only sees that the tag is another one; Git knows whose it is. */
export async function overtakerOf(
  bad: Bad,
  deployment: Deployment,
  gitops: GitOps,
): Promise<Partial<Overtaken>> {
  return bad.code === "superseded" ? ((await overtakenBy(deployment, gitops)) ?? {}) : {};
}

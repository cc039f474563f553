import type { Deployment } from "./deployment.ts";
import type { Bad, GitOps } from "./ports.ts";
import { ServiceError } from "./service-error.ts";

interface Overtaken {
  readonly detail: string;
  readonly url?: string;
}

/** The longest (ms) that a look waits for GitHub: what Flux and the pods say must not wait for it. */
const usualPatience = 2000;

/**
 * Who put another tag into Git after our merge, if anybody did: whatever becomes of ours, it is not what is wanted any more.
 * While GitHub does not answer, nobody did as far as is known.
 */
export async function overtakenBy(
  deployment: Deployment,
  gitops: GitOps,
  patience = usualPatience,
): Promise<Overtaken | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), patience);
  });
  const found = find(deployment, gitops).catch((error: unknown) => {
    if (!(error instanceof ServiceError)) throw error;
    return undefined;
  });
  try {
    return await Promise.race([found, late]);
  } finally {
    clearTimeout(timer);
    // Found too late it is found again by the next look.
    found.catch(() => {});
  }
}

/** GitHub's list of commits may lag behind the merge: the other commit must be proven to come after it. */
async function find(
  { evidence: { merge, change, image } }: Deployment,
  gitops: GitOps,
): Promise<Overtaken | undefined> {
  const [newest] = await gitops.readFileCommits();
  if (newest === undefined || merge === undefined) return undefined;
  const { id, author = "Somebody", url } = newest.commit;
  // Where the merge keeps the branch's commit, the file's history shows that one.
  if (id === merge.commit || id === change?.head) return undefined;
  if ((await gitops.compare(merge.commit, id)) !== "descendant") return undefined;
  const file = await gitops.readTagAt(id);
  if (file.state === "failed" || file.tag === image?.tag) return undefined;
  const detail = `${author} put ${file.tag} into Git after that, in ${id.slice(0, 7)}.`;
  return { detail, ...(url === undefined ? {} : { url }) };
}

/** Flux only sees that the tag is another one; Git knows whose it is. */
export async function overtakerOf(
  bad: Bad,
  deployment: Deployment,
  gitops: GitOps,
): Promise<Partial<Overtaken>> {
  return bad.code === "superseded" ? ((await overtakenBy(deployment, gitops)) ?? {}) : {};
}

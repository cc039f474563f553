import type { Deployment, Link } from "./deployment.ts";

/** One link of the chain from the approved commit to the healthy pods, as far as it is known. Texts may hold words from outside. */
export interface ChainLink {
  readonly title: string;
  /** `broken`: this is where the deployment failed; `open`: nothing is known. */
  readonly state: "proven" | "broken" | "open";
  /** Words that lead to a page, where there is one. */
  readonly label?: string;
  readonly url?: string;
  readonly words: string;
  /** When it became known (ms since 1970), and who said so; missing in what earlier versions wrote. */
  readonly at?: number;
  readonly source?: string;
}

type Found = Pick<ChainLink, "label" | "words"> & { readonly url?: string | undefined };

interface LinkPlan {
  readonly title: string;
  /** The step that proves it. */
  readonly step: string;
  readonly link?: Link;
  /** What is known of it; undefined while nothing is. */
  readonly find: (deployment: Deployment) => Found | undefined;
}

const plans: readonly LinkPlan[] = [
  {
    title: "Commit",
    step: "approve",
    link: "proposal",
    find: ({ evidence: { proposal, run } }) => {
      const id = proposal?.commit?.id ?? run?.commit;
      if (id === undefined) return undefined;
      return { label: short(id), url: proposal?.commit?.url, words: "is what was shown" };
    },
  },
  {
    title: "By hand",
    step: "observe",
    link: "edit",
    find: ({ evidence: { edit } }) =>
      edit && {
        label: short(edit.commit),
        url: edit.url,
        words: `by ${edit.author}, ${edit.from} to ${edit.to ?? "what cannot be read"}`,
      },
  },
  {
    title: "Approval",
    step: "approve",
    find: ({ approvals }) =>
      approvals.length === 0
        ? undefined
        : { words: `by ${approvals.map((one) => one.person.name).join(", ")}` },
  },
  {
    title: "Build",
    step: "build",
    link: "run",
    find: ({ evidence: { run } }) =>
      run && { label: `run ${run.id}`, url: run.url, words: `built ${short(run.commit)}` },
  },
  {
    title: "Image",
    step: "verify-image",
    link: "image",
    find: ({ evidence: { image } }) =>
      image && { words: `${image.tag} is ${shortDigest(image.digest)}` },
  },
  {
    title: "Change",
    step: "open-change",
    link: "change",
    find: ({ evidence: { change } }) =>
      change && {
        label: `pull request ${change.pullRequest}`,
        url: change.url,
        words: `${change.from} to ${change.to}, head ${short(change.head)}`,
      },
  },
  {
    title: "Merge",
    step: "merge-change",
    link: "merge",
    find: ({ evidence: { merge, edit } }) => {
      if (merge === undefined || edit !== undefined) return undefined;
      return { label: short(merge.commit), url: merge.url, words: "is on the branch" };
    },
  },
  {
    title: "Flux",
    step: "sync",
    link: "sync",
    find: ({ evidence: { sync } }) =>
      sync && {
        words: `applied ${shortRevision(sync.revision)}${relations[sync.relation ?? "untold"]}, generation ${sync.generation}`,
      },
  },
  {
    title: "Release",
    step: "roll-out",
    link: "release",
    find: ({ evidence: { release, rollout } }) => {
      if (release !== undefined)
        return { words: `version ${release.version} of generation ${release.generation}` };
      return rollout?.release === undefined ? undefined : { words: `version ${rollout.release}` };
    },
  },
  {
    title: "Pods",
    step: "roll-out",
    link: "rollout",
    find: ({ evidence: { rollout } }) =>
      rollout && {
        words: `${rollout.podsReady} of ${rollout.pods} ready${onImage(rollout.digest)}${names(rollout.running)}`,
      },
  },
  {
    title: "Health",
    step: "check-health",
    link: "health",
    find: ({ evidence: { health } }) =>
      health &&
      (health.checks.length === 0
        ? { words: "no checks are configured" }
        : {
            words: health.checks
              .map((one) => `${one.name} ${one.ok ? "well" : one.answer}`)
              .join(", "),
          }),
  },
];

/** The chain of a deployment: only the links that it has to have, each with what is known of it. */
export function chainOf(deployment: Deployment): readonly ChainLink[] {
  const { progress, failure } = deployment;
  const ends = new Map(progress.map((one) => [one.step, one.endedAt]));
  const links = plans
    .map((plan) => ({ plan, found: plan.find(deployment) }))
    .filter(({ plan, found }) => found !== undefined || ends.has(plan.step));
  const failing = links.filter(({ plan }) => plan.step === failure?.step);
  const broken = failing.findLast(({ found }) => found !== undefined) ?? failing.at(-1);
  return links.map((one): ChainLink => {
    const { plan, found } = one;
    const why = one === broken && failure !== undefined ? `${failure.code}: ${failure.detail}` : "";
    const words = [found?.words ?? "", why].filter((part) => part !== "").join("; ");
    return {
      title: plan.title,
      state: one === broken ? "broken" : found === undefined ? "open" : "proven",
      ...(found?.label === undefined ? {} : { label: found.label }),
      ...(found?.url === undefined ? {} : { url: found.url }),
      words: words === "" ? "not known" : words,
      ...(found === undefined ? {} : witnessOf(plan, deployment, ends.get(plan.step))),
    };
  });
}

/** Earlier versions kept no witnesses: then the end of the step is what is known. */
function witnessOf(
  { link }: LinkPlan,
  { evidence, approvals }: Deployment,
  endedAt: number | undefined,
): Pick<ChainLink, "at" | "source"> {
  if (link === undefined) {
    const last = approvals.at(-1);
    return last === undefined ? {} : { at: last.at, source: "Teams, their own click" };
  }
  const witness = evidence.witnesses?.[link];
  if (witness !== undefined) return witness;
  return endedAt === undefined ? {} : { at: endedAt };
}

const relations = {
  same: ", the merge itself",
  descendant: ", a later commit that holds the merge",
  untold: "",
} as const;

function onImage(digest: string | undefined): string {
  return digest === undefined ? "" : ` on ${shortDigest(digest)}`;
}

function names(running: readonly { readonly pod: string }[] | undefined): string {
  if (running === undefined || running.length === 0) return "";
  const first = running.slice(0, 5).map(({ pod }) => pod);
  const more = running.length - first.length;
  return `: ${first.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function short(commit: string): string {
  return commit.slice(0, 7);
}

function shortDigest(digest: string): string {
  return `${digest.slice(0, 13)}…`;
}

/** `main@sha1:4be1f02…` as `main@4be1f02`. */
function shortRevision(revision: string | undefined): string {
  if (revision === undefined) return "the tag";
  const at = revision.lastIndexOf("@");
  const digest = revision.slice(at + 1).replace(/^sha\d+:/, "");
  return at < 0 ? short(digest) : `${revision.slice(0, at)}@${short(digest)}`;
}

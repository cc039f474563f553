import type { Deployment } from "../../deployment/deployment.ts";
import { chainRows, type ChainRow } from "./chain.ts";
import { causeOf } from "./failed.ts";
import { buttons, linked, type Link } from "./link.ts";
import { evidenceLinks } from "./progress.ts";
import type { Fact } from "./request.ts";
import { count, escaped, list, ours, plain } from "./text.ts";
import { duration, roughly } from "./time.ts";
import { onEnvironment, short, shortDigest, subjectOf, whoOf, type CardContext } from "./words.ts";

export interface FinalView {
  readonly id: number;
  readonly title: string;
  readonly intro: string;
  readonly facts: readonly Fact[];
  readonly replaced: string;
  /** Every link of the evidence, shown when somebody asks for it. */
  readonly chain: readonly ChainRow[];
  readonly links: readonly Link[];
  readonly summary: string;
}

/** The result, with the evidence for it. */
export function finalView(deployment: Deployment, context: CardContext): FinalView {
  const title = finalTitle(deployment, context);
  const { changeCount: amount = 0, changesAtLeast } = deployment.evidence.proposal ?? {};
  const done = deployment.kind === "observed" ? "Followed for " : "Done in ";
  const shipped =
    amount > 0 && deployment.kind === "deploy"
      ? `${changesAtLeast === true ? "At least " : ""}${count(amount, "commit")} in `
      : done;
  return {
    id: deployment.id,
    title: escaped(title),
    intro: `${whoOf(deployment)} ${shipped}**${tookOf(deployment)}**.${healedOf(deployment)}`,
    facts: factsOf(deployment, context),
    replaced: replacedOf(deployment),
    chain: chainRows(deployment, context),
    links: buttons(evidenceLinks(deployment), context.environment, 1),
    summary: title,
  };
}

/** Plain text. */
export function finalTitle(
  deployment: Deployment,
  { environment }: Pick<CardContext, "environment">,
): string {
  const subject = subjectOf(deployment, environment) ?? plain(deployment.environment);
  const again = deployment.kind === "rollback" ? " again" : "";
  const after = deployment.healed === undefined ? "" : " after all";
  const how = deployment.kind === "observed" ? ", put there by hand" : "";
  const where = onEnvironment(subject, deployment.environment);
  return `${subject} is live${where}${again}${after}${how}`;
}

function healedOf({ healed }: Deployment): string {
  return healed === undefined
    ? ""
    : ` It was told as failed at first: ${ours(causeOf(healed).sentence)}`;
}

/** From the request to the end, the wait for approval included. */
export function tookOf(deployment: Deployment): string {
  return duration((deployment.endedAt ?? deployment.requestedAt) - deployment.requestedAt);
}

function factsOf(deployment: Deployment, { environment }: CardContext): readonly Fact[] {
  const { run, proposal, image, merge, rollout, health } = deployment.evidence;
  const commit = run?.commit ?? proposal?.commit?.id;
  const built = deployment.target.from === "branch" ? "approved, built and running" : "running";
  const pods = rollout === undefined ? "" : ` and on ${rollout.podsReady} of ${rollout.pods} pods`;
  const checks = health?.checks.map((check) => escaped(check.name, 60)) ?? [];
  const facts: (Fact | undefined)[] = [
    commit === undefined
      ? undefined
      : {
          name: "Commit",
          text: `${linked(short(commit), proposal?.commit?.url, environment)} ${built}`,
        },
    image && {
      name: "Image",
      text: `${escaped(shortDigest(image.digest))} in the registry${pods}`,
    },
    merge && {
      name: "Git",
      text: `${linked(short(merge.commit), merge.url, environment)} ${appliedOf(deployment)}`,
    },
    checks.length === 0
      ? undefined
      : {
          name: "Health",
          text: `${list(checks.slice(0, 8))} ${checks.length === 1 ? "answers" : "answer"} well`,
        },
  ];
  return facts.filter((fact) => fact !== undefined);
}

function appliedOf({ evidence: { change, sync, release, rollout } }: Deployment): string {
  const merged = change === undefined ? "" : "merged and ";
  const later = sync?.relation === "descendant" ? " with a later commit" : "";
  const version = release?.version ?? rollout?.release;
  return `${merged}applied by Flux${later}${version === undefined ? "" : ` as release ${version}`}`;
}

function replacedOf(deployment: Deployment): string {
  const name = escaped(deployment.environment, 60);
  const hold =
    deployment.kind === "rollback" && deployment.evidence.merge !== undefined
      ? ` Deploys to ${name} are held until somebody writes **unlock ${name}**.`
      : "";
  return `${formerOf(deployment)}${hold}`.trimStart();
}

function formerOf(deployment: Deployment): string {
  const { proposal } = deployment.evidence;
  if (proposal === undefined) return "";
  if (proposal.liveSince === undefined) return `Replaced ${escaped(proposal.liveTag)}.`;
  const lived = roughly((deployment.endedAt ?? deployment.requestedAt) - proposal.liveSince);
  return `Replaced ${escaped(proposal.liveTag)}, which was live for ${lived}.`;
}

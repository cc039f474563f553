import type { Environment } from "../config/config.ts";
import type { Commit, Deployment, Evidence, Proposal, RunEvidence } from "./deployment.ts";
import { buildOfTag, imageTag } from "./image-tag.ts";
import type { Bad, TagState, World } from "./ports.ts";

type Live = Extract<TagState, { state: "read" }>;

/** How many changes a card lists. */
const shownChanges = 10;

/**
 * What the approvers will be shown: the exact commit or build that would ship, and what is live now. The commit is fixed
 * here, so that a push after this moment changes nothing (P7).
 */
export async function proposalOf(
  deployment: Pick<Deployment, "target">,
  world: World,
  environment: Environment,
): Promise<Pick<Evidence, "proposal" | "run"> | Bad> {
  const live = await world.gitops.readTag();
  if (live.state === "failed") return live;
  if (live.automatedAt !== undefined) return automated(live.automatedAt, environment);
  const { target } = deployment;
  return target.from === "branch"
    ? proposeBranch(live, world, environment)
    : proposeBuild(target.build, live, world, environment);
}

async function proposeBranch(
  live: Live,
  world: World,
  environment: Environment,
): Promise<Pick<Evidence, "proposal"> | Bad> {
  const commit = await world.pipelines.readHead();
  if ("code" in commit) return commit;
  const from = buildOfTag(environment.image, environment.name, live.tag);
  const changes =
    from === undefined ? undefined : await world.pipelines.readChanges(from, commit.id);
  return {
    proposal: { ...base(live), commit, branch: environment.build.branch, ...listed(changes) },
  };
}

async function proposeBuild(
  build: number,
  live: Live,
  world: World,
  environment: Environment,
): Promise<Pick<Evidence, "proposal" | "run"> | Bad> {
  // A run may be gone by retention while its image is still there: the registry decides, where the tag needs no run.
  const run = await world.pipelines.readBuild(build);
  const tag = imageTag(environment.image, environment.name, { id: build, number: run?.number });
  if (tag === undefined)
    return bad("build-not-found", `Build ${build} is not known to the pipeline.`);
  if (tag === live.tag) return bad("already-live", `${tag} is in ${environment.gitops.file}.`);
  const image = await world.registry.resolve(tag);
  if (image.state === "absent") {
    return run === undefined
      ? bad("build-not-found", `Neither the pipeline nor the registry knows build ${build}.`)
      : bad(
          "image-not-found",
          `${environment.image.repository}:${tag} is not in ${environment.image.registry}.`,
        );
  }
  const proposal: Proposal = {
    ...base(live),
    tag,
    ...(run === undefined ? {} : { commit: commitOf(run) }),
  };
  return { proposal, ...(run === undefined ? {} : { run }) };
}

/** Two who write the same line would undo each other's work. */
export function automated(line: number, { gitops }: Environment): Bad {
  return bad("image-automation", `Line ${line} of ${gitops.file} carries the marker $imagepolicy.`);
}

function base(live: Live): Pick<Proposal, "release" | "liveTag" | "liveSince"> {
  return { release: live.release, liveTag: live.tag, liveSince: live.changedAt };
}

function commitOf(run: RunEvidence): Commit {
  return { id: run.commit };
}

function listed(changes: readonly Commit[] | undefined): Pick<Proposal, "changes" | "changeCount"> {
  if (changes === undefined) return {};
  return { changes: changes.slice(0, shownChanges), changeCount: changes.length };
}

function bad(code: Bad["code"], detail: string): Bad {
  return { state: "failed", code, detail };
}

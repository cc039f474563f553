import type { Environment } from "../config/config.ts";
import type { Commit, Deployment, Evidence, Proposal, RunEvidence, Target } from "./deployment.ts";
import { buildOfTag, imageTag } from "./image-tag.ts";
import type { Bad, Changes, Registry, TagState, World } from "./ports.ts";
import { runChecks, type Check, type Preflight } from "./preflight.ts";
import { ServiceError } from "./service-error.ts";

type Live = Extract<TagState, { state: "read" }>;

/** How many changes a card lists. */
const shownChanges = 10;
const shownWorkItems = 10;

/** How long (ms) the ports may take, which check several things side by side; each of those has a little less. */
const patience = 5000;

/**
 * What the approvers will be shown: the exact commit or build that would ship, what is live now, and what may be in the way.
 * The commit is fixed here, so that a push after this moment changes nothing (P7).
 */
export async function proposalOf(
  { kind, target }: Pick<Deployment, "kind" | "target">,
  world: World,
  environment: Environment,
  within = patience,
): Promise<Pick<Evidence, "proposal" | "run"> | Bad> {
  const live = await world.gitops.readTag();
  if (live.state === "failed") return live;
  if (live.automatedAt !== undefined) return automated(live.automatedAt, environment);
  return target.from === "build"
    ? proposeBuild({ ...target, kind }, live, world, environment, within)
    : proposeBranch(live, world, environment, within);
}

async function proposeBranch(
  live: Live,
  world: World,
  environment: Environment,
  within: number,
): Promise<Pick<Evidence, "proposal"> | Bad> {
  const commit = await world.pipelines.readHead();
  if ("code" in commit) return commit;
  const from = buildOfTag(environment.image, environment.name, live.tag);
  const shipped = ask("what would ship", async () =>
    from === undefined ? undefined : await world.pipelines.readChanges(from, commit.id),
  );
  const found = await runChecks(
    [
      ...checksOf(live, world, environment),
      shipped,
      { about: "the pipeline", find: () => world.pipelines.preflight(commit.id) },
      { about: "the registry", find: () => checkRegistry(live, world.registry, environment) },
    ],
    within,
  );
  const { branch } = environment.build;
  return { proposal: { ...base(live), commit, branch, ...listed(shipped.answer), ...told(found) } };
}

async function proposeBuild(
  { build, digest, kind }: Extract<Target, { from: "build" }> & Pick<Deployment, "kind">,
  live: Live,
  world: World,
  environment: Environment,
  within: number,
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
  const moved = movedTag(tag, digest, image.digest, "proven healthy");
  // Going back means to exactly what was proven; whoever deploys a build again is told that it is another one.
  if (moved !== undefined && kind !== "deploy") return moved;
  const again = moved === undefined ? [] : [`${moved.detail} Somebody pushed it again.`];
  const from = buildOfTag(environment.image, environment.name, live.tag);
  const back = kind === "rollback";
  const shipped = ask(back ? "what it takes back" : "what would ship", async () => {
    if (from === undefined || run === undefined) return undefined;
    if (!back) return await world.pipelines.readChanges(from, run.commit);
    const former = await world.pipelines.readBuild(from);
    return former && (await world.pipelines.readChanges(run.id, former.commit));
  });
  const { warnings, unchecked } = await runChecks(
    [...checksOf(live, world, environment), shipped],
    within,
  );
  const proposal: Proposal = {
    ...base(live),
    tag,
    digest: image.digest,
    ...(run === undefined ? {} : { commit: commitOf(run) }),
    ...listed(shipped.answer),
    ...told({ warnings: [...again, ...warnings], unchecked }),
  };
  return { proposal, ...(run === undefined ? {} : { run }) };
}

/** The refusal of a tag that names another image than it did; `when` says when that was. */
export function movedTag(
  tag: string,
  before: string | undefined,
  now: string,
  when: string,
): Bad | undefined {
  if (before === undefined || before === now) return undefined;
  const short = (digest: string) => `${digest.slice(0, 13)}…`;
  return bad(
    "tag-moved",
    `${tag} was ${short(before)} when it was ${when}, now it is ${short(now)}.`,
  );
}

/** What is asked of a deployment of any kind before it begins. */
function checksOf(
  live: Live,
  { gitops, cluster }: World,
  environment: Environment,
): readonly Check[] {
  const { file } = environment.gitops;
  return [
    { about: "the file", find: () => Promise.resolve({ warnings: elsewhere(live, file) }) },
    { about: "GitHub", find: () => gitops.preflight() },
    { about: "the cluster", find: () => cluster.preflight(live.release, live.tag) },
  ];
}

function elsewhere({ tag, alsoAt = [] }: Live, file: string): readonly string[] {
  if (alsoAt.length === 0) return [];
  const lines = `line${alsoAt.length === 1 ? "" : "s"} ${alsoAt.slice(0, 5).join(", ")}`;
  return [`${tag} stands in ${lines} of ${file} too, which omnibot does not change.`];
}

/** The image that is live is asked for: it tells whether omnibot may read there, and whether there is a way back. */
async function checkRegistry(
  { tag }: Live,
  registry: Registry,
  { image }: Environment,
): Promise<Partial<Preflight>> {
  try {
    const found = await registry.resolve(tag);
    if (found.state === "found") return {};
    return {
      warnings: [
        `${tag} is live, and not in ${image.registry} any more: there is no way back to it.`,
      ],
    };
  } catch (error) {
    if (!(error instanceof ServiceError) || error.trouble !== "denied") throw error;
    return { warnings: [`The registry does not let omnibot in: ${error.message}`] };
  }
}

function told({ warnings, unchecked }: Preflight): Pick<Proposal, "warnings" | "unchecked"> {
  return {
    ...(warnings.length === 0 ? {} : { warnings }),
    ...(unchecked.length === 0 ? {} : { unchecked }),
  };
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

type Listed = Pick<
  Proposal,
  "changes" | "changeCount" | "changesAtLeast" | "changesUrl" | "workItems"
>;

function listed(changes: Changes | undefined): Listed {
  if (changes === undefined) return {};
  const { commits, count, atLeast, url, workItems = [] } = changes;
  return {
    changes: commits.slice(0, shownChanges),
    changeCount: count,
    ...(atLeast === true ? { changesAtLeast: true } : {}),
    ...(url === undefined ? {} : { changesUrl: url }),
    ...(workItems.length === 0 ? {} : { workItems: workItems.slice(0, shownWorkItems) }),
  };
}

/** A check that finds changes, and nothing that stands in the way. */
function ask(
  about: string,
  find: () => Promise<Changes | undefined>,
): Check & { readonly answer: Changes | undefined } {
  let answer: Changes | undefined;
  return {
    about,
    async find() {
      answer = await find();
      return {};
    },
    get answer() {
      return answer;
    },
  };
}

function bad(code: Bad["code"], detail: string): Bad {
  return { state: "failed", code, detail };
}

import { BuildQueryOrder } from "azure-devops-node-api/interfaces/BuildInterfaces.js";
import { z } from "zod";
import type { BuildConfig, BuildMarker } from "../config/config.ts";
import type { RunRequest } from "../deployment/ports.ts";
import { ServiceError } from "../deployment/service-error.ts";
import { buildAnswer, type Build } from "./devops-answers.ts";
import type { DevOps } from "./devops.ts";
import { refName } from "./run-evidence.ts";

/** How far the clocks of omnibot and Azure DevOps may differ, in milliseconds. */
const skew = 2 * 60_000;

/**
 * The same without a marker, where time is evidence: too little means that a person is asked, too much that the run of an
 * earlier deployment is taken for this one's.
 */
const unmarkedSkew = 5_000;

const page = 50;
const pages = 10;

/**
 * The run that was started for this request since `since` (ms since 1970). With a marker it is the run that carries the
 * key; should there be two, the earlier one. Without a marker it is the one run that omnibot's own identity queued for
 * this commit with these parameters; several are no answer, and throw.
 */
export async function findBuild(
  devOps: DevOps,
  config: BuildConfig,
  request: RunRequest,
  since: number,
): Promise<Build | undefined> {
  const { marker } = config;
  if (marker.kind !== "none") {
    const marked = (await listBuilds(devOps, config, since)).filter(
      (one) => markOf(one, marker) === request.key,
    );
    return marked.toSorted((a, b) => a.id - b.id)[0];
  }
  const identity = await devOps.readIdentity();
  const builds = await listBuilds(devOps, config, since, identity);
  const candidates = builds.filter((one) => couldBe(one, config, request, since));
  if (candidates.length < 2) return candidates[0];
  const ids = candidates.map((one) => one.id).join(", ");
  const words = `Runs ${ids} could each be the one that omnibot started`;
  throw new ServiceError("azure-devops", "invalid", "none", words);
}

function markOf(build: Build, marker: Exclude<BuildMarker, { kind: "none" }>): unknown {
  if (marker.kind === "parameter") return build.templateParameters?.[marker.name];
  return variablesOf(build)[marker.name];
}

function variablesOf(build: Build): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(build.parameters ?? "{}"));
  } catch {
    return {};
  }
}

function couldBe(build: Build, config: BuildConfig, request: RunRequest, since: number): boolean {
  const queued = build.queueTime?.getTime();
  return (
    build.sourceVersion === request.commit &&
    build.sourceBranch === refName(config.branch) &&
    queued !== undefined &&
    queued >= since - unmarkedSkew &&
    Object.entries(config.parameters).every(([name, value]) =>
      sameValue(build.templateParameters?.[name], value),
    )
  );
}

/** Parameters of type boolean and number come back as what they are. */
function sameValue(found: unknown, wanted: string): boolean {
  return typeof found === "boolean" || typeof found === "number"
    ? String(found) === wanted.toLowerCase()
    : found === wanted;
}

/** Every build of the pipeline since then, newest first. Throws rather than leave one out, because it could be ours. */
async function listBuilds(
  devOps: DevOps,
  config: BuildConfig,
  since: number,
  identity?: string,
): Promise<readonly Build[]> {
  const found = new Map<number, Build>();
  let before: Date | undefined;
  for (let turn = 0; turn < pages; turn += 1) {
    const builds = await readPage(devOps, config, new Date(since - skew), before, identity);
    const known = found.size;
    for (const build of builds) found.set(build.id, build);
    const oldest = builds.at(-1)?.queueTime ?? undefined;
    if (builds.length < page) return [...found.values()];
    if (oldest === undefined || found.size === known) break;
    // The service counts whole seconds here: one more, so that none falls between two pages.
    before = new Date(oldest.getTime() + 1000);
  }
  const words = `Azure DevOps lists more runs of pipeline ${config.pipeline} than omnibot can look through`;
  throw new ServiceError("azure-devops", "invalid", "none", words);
}

async function readPage(
  devOps: DevOps,
  config: BuildConfig,
  after: Date,
  before: Date | undefined,
  identity: string | undefined,
): Promise<readonly Build[]> {
  const builds = await devOps.read(z.array(buildAnswer), ({ build }) =>
    build.getBuilds(
      config.project,
      [config.pipeline],
      undefined,
      undefined,
      after,
      before,
      identity,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      page,
      undefined,
      undefined,
      undefined,
      BuildQueryOrder.QueueTimeDescending,
      identity === undefined ? undefined : refName(config.branch),
    ),
  );
  if (builds !== undefined) return builds;
  throw new ServiceError(
    "azure-devops",
    "invalid",
    "none",
    `Azure DevOps knows no project ${config.project}, or omnibot may not see it`,
  );
}

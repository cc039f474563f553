import { createDevOps, type DevOpsAuth, type Patience } from "../../src/azure/devops.ts";
import { createPipelines, type PipelinesOptions } from "../../src/azure/pipelines.ts";
import type { Pipelines } from "../../src/deployment/ports.ts";
import { production } from "../production.ts";
import { nock, withoutNetwork } from "../without-network.ts";

export const { build } = production;
export const host = "https://dev.azure.com";
export const project = "/omnispatial/OmniSpatial/_apis";
export const commit = "6f4cf1b7a1f4a0b1b0c1e7d0c2d3e4f5a6b7c8d9";
export const earlier = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";
export const now = Date.parse("2026-11-25T12:00:00Z");
export const identity = "0b6a3c55-52a8-4d5a-9b2f-0f7a4c1d2e3f";

/** The routes by which the real client finds its way, as the service tells them. */
const locations: Readonly<
  Record<string, readonly (readonly [id: string, resource: string, route: string])[]>
> = {
  Location: [
    ["e81700f7-3be2-46de-8624-2eb35882fcaa", "ResourceAreas", "_apis/{resource}/{areaId}"],
  ],
  pipelines: [
    [
      "7859261e-d2e9-4a68-b820-a5d84cc5bb3d",
      "runs",
      "{project}/_apis/{area}/{pipelineId}/{resource}/{runId}",
    ],
    [
      "53df2d18-29ea-46a9-bee0-933540f80abf",
      "preview",
      "{project}/_apis/{area}/{pipelineId}/{resource}",
    ],
  ],
  build: [
    [
      "0cd358e1-9217-4d94-8269-1c1ee6f93dcf",
      "builds",
      "{project}/_apis/{area}/{resource}/{buildId}",
    ],
    [
      "35a80daf-7f30-45fc-86e8-6b813d9c90df",
      "logs",
      "{project}/_apis/{area}/builds/{buildId}/{resource}/{logId}",
    ],
    [
      "8baac422-4c6e-4de5-8532-db96d92acffa",
      "timeline",
      "{project}/_apis/{area}/builds/{buildId}/{resource}/{timelineId}",
    ],
    [
      "dbeaf647-6167-421a-bda9-c9327b25e2e6",
      "definitions",
      "{project}/_apis/{area}/{resource}/{definitionId}",
    ],
  ],
  git: [
    [
      "d5b216de-d8d5-4d32-ae76-51df755b16d3",
      "branches",
      "{project}/_apis/{area}/repositories/{repositoryId}/stats/{resource}/{*name}",
    ],
    [
      "c2570c3b-5b3f-41b8-98bf-5407bfde8d58",
      "commits",
      "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{commitId}",
    ],
  ],
};

/** Puts a stand-in of the service before every test. */
export function serveDevOps(): void {
  withoutNetwork();
  beforeEach(serveRoutes);
}

/** Answers what the client asks before anything else, as often as it likes. */
function serveRoutes(): void {
  for (const [area, known] of Object.entries(locations)) {
    const value = known.map(([id, resourceName, routeTemplate]) => ({
      id,
      area,
      resourceName,
      routeTemplate,
      resourceVersion: 7,
      minVersion: "1.0",
      maxVersion: "7.2",
      releasedVersion: "7.1",
    }));
    nock(host)
      .persist()
      .options(`/omnispatial/_apis/${area}`)
      .reply(200, { count: value.length, value });
  }
  nock(host)
    .persist()
    .get("/omnispatial/_apis/ResourceAreas")
    .reply(200, { count: 0, value: null });
}

/** Answers who is signed in. */
export function serveIdentity(): nock.Scope {
  return nock(host)
    .get("/omnispatial/_apis/connectionData")
    .reply(200, { authenticatedUser: { id: identity } });
}

export function serveSignInPage(): nock.Scope {
  return nock(host).get("/omnispatial/_apis/connectionData").reply(203, "<html>Sign In</html>");
}

const pat: DevOpsAuth = { kind: "pat", token: "secret-pat" };

interface Options extends Partial<Pick<PipelinesOptions, "environment" | "github">> {
  readonly auth?: DevOpsAuth;
  readonly patience?: Patience;
}

export function pipelines({ auth = pat, patience, ...options }: Options = {}): Pipelines {
  return createPipelines({
    environment: { build },
    devOps: createDevOps(build.organization, auth, () => now, patience),
    ...options,
  });
}

/** A build as the service lists it. */
export function buildJson(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 40672,
    buildNumber: "20261125.3",
    status: "inProgress",
    queueTime: "2026-11-25T11:59:58.1234567Z",
    sourceBranch: "refs/heads/main",
    sourceVersion: commit,
    definition: { id: 12, name: "web" },
    templateParameters: { environment: "production", omnibotDeploymentId: "d-1" },
    _links: {
      web: { href: "https://dev.azure.com/omnispatial/OmniSpatial/_build/results?buildId=40672" },
    },
    ...fields,
  };
}

import type { StandIn } from "../stand-in.ts";
import { organization } from "./organization.ts";

interface Location {
  readonly id: string;
  readonly resource: string;
  readonly route: string;
  readonly version?: number;
}

/**
 * Where the resources of each area live, as `OPTIONS _apis/{area}` tells it; clients find everything by these ids.
 * Source: the ids in azure-devops-node-api 17.0.1.
 */
const areas: Readonly<Record<string, readonly Location[]>> = {
  Location: [
    {
      id: "e81700f7-3be2-46de-8624-2eb35882fcaa",
      resource: "ResourceAreas",
      route: "_apis/{resource}/{areaId}",
    },
    {
      id: "00d9565f-ed9c-4a06-9a50-00e7896ccab4",
      resource: "ConnectionData",
      route: "_apis/{resource}",
    },
  ],
  pipelines: [
    {
      id: "7859261e-d2e9-4a68-b820-a5d84cc5bb3d",
      resource: "runs",
      route: "{project}/_apis/{area}/{pipelineId}/{resource}/{runId}",
    },
    {
      id: "53df2d18-29ea-46a9-bee0-933540f80abf",
      resource: "preview",
      route: "{project}/_apis/{area}/{pipelineId}/{resource}",
    },
    {
      id: "28e1305e-2afe-47bf-abaf-cbb0e6a91988",
      resource: "pipelines",
      route: "{project}/_apis/{area}/{pipelineId}",
    },
  ],
  build: [
    {
      id: "0cd358e1-9217-4d94-8269-1c1ee6f93dcf",
      resource: "builds",
      route: "{project}/_apis/{area}/{resource}/{buildId}",
      version: 7,
    },
    {
      id: "54572c7b-bbd3-45d4-80dc-28be08941620",
      resource: "changes",
      route: "{project}/_apis/{area}/builds/{buildId}/{resource}",
      version: 2,
    },
    {
      id: "f10f0ea5-18a1-43ec-a8fb-2042c7be9b43",
      resource: "changes",
      route: "{project}/_apis/{area}/{resource}",
      version: 2,
    },
    {
      id: "dbeaf647-6167-421a-bda9-c9327b25e2e6",
      resource: "definitions",
      route: "{project}/_apis/{area}/{resource}/{definitionId}",
      version: 7,
    },
    {
      id: "35a80daf-7f30-45fc-86e8-6b813d9c90df",
      resource: "logs",
      route: "{project}/_apis/{area}/builds/{buildId}/{resource}/{logId}",
      version: 2,
    },
    {
      id: "8baac422-4c6e-4de5-8532-db96d92acffa",
      resource: "timeline",
      route: "{project}/_apis/{area}/builds/{buildId}/{resource}/{timelineId}",
      version: 3,
    },
  ],
  git: [
    {
      id: "225f7195-f9c7-4d14-ab28-a83f7ff77e1f",
      resource: "repositories",
      route: "{project}/_apis/{area}/{resource}/{repositoryId}",
      version: 2,
    },
    {
      id: "2d874a60-a811-4f62-9c9f-963a6ea0a55b",
      resource: "refs",
      route: "{project}/_apis/{area}/repositories/{repositoryId}/{resource}",
      version: 2,
    },
    {
      id: "d5b216de-d8d5-4d32-ae76-51df755b16d3",
      resource: "branches",
      route: "{project}/_apis/{area}/repositories/{repositoryId}/stats/{resource}/{*name}",
      version: 2,
    },
    {
      id: "c2570c3b-5b3f-41b8-98bf-5407bfde8d58",
      resource: "commits",
      route: "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{commitId}",
      version: 2,
    },
    {
      id: "6400dfb2-0bcb-462b-b992-5a57f8f1416c",
      resource: "commitsBatch",
      route: "{project}/_apis/{area}/repositories/{repositoryId}/{resource}",
      version: 2,
    },
    {
      id: "615588d5-c0c7-4b88-88f8-e625306446e8",
      resource: "diffs",
      route: "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/commits",
    },
  ],
};

/** Discovery needs no token, as on the service. */
export function addLocations(standIn: StandIn): void {
  for (const [area, locations] of Object.entries(areas)) {
    const value = locations.map(({ id, resource, route, version }) => ({
      id,
      area,
      resourceName: resource,
      routeTemplate: route,
      resourceVersion: version ?? 1,
      minVersion: "1.0",
      maxVersion: "7.2",
      releasedVersion: "7.1",
    }));
    standIn.route("OPTIONS", `/${organization}/_apis/${area}`, () => ({
      status: 200,
      json: { count: value.length, value },
    }));
  }
  // The form of a server on premises: every area is at the address that the client already has.
  standIn.route("GET", `/${organization}/_apis/ResourceAreas`, () => ({
    status: 200,
    json: { count: 0, value: null },
  }));
}

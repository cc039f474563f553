import { existsSync, readFileSync } from "node:fs";
import { createDevOps } from "../../src/azure/devops.ts";
import { createPipelines } from "../../src/azure/pipelines.ts";
import { startAzureDevOps } from "../../sandbox/azure-devops/azure-devops.ts";
import type { JournalEntry } from "../../sandbox/stand-in.ts";
import { production } from "../production.ts";
import { headOf } from "./head.ts";

const { build } = production;

/** Microsoft's descriptions of the API (MicrosoftDocs/vsts-rest-api-specs), where they lie beside the project. */
const specs = new URL("../../../shared/specs/", import.meta.url);
const files = ["pipelines_7.1_pipelines.json", "build_7.1_build.json", "git_7.1_git.json"];
const available = files.every((file) => existsSync(new URL(file, specs)));

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema?: Schema;
}

interface Specification {
  readonly paths: Paths;
  readonly "x-ms-paths"?: Paths;
  readonly definitions: Readonly<Record<string, Schema>>;
}

type Paths = Readonly<
  Record<string, Readonly<Record<string, { readonly parameters?: readonly Parameter[] }>>>
>;

interface Operation {
  readonly pattern: RegExp;
  readonly method: string;
  readonly parameters: readonly Parameter[];
  readonly specification: Specification;
}

function readOperations(file: string): Operation[] {
  const specification = JSON.parse(readFileSync(new URL(file, specs), "utf8")) as Specification;
  return Object.entries({ ...specification.paths, ...specification["x-ms-paths"] }).flatMap(
    ([path, methods]) => {
      // The last parameter of a path may be left out (timeline/{timelineId}); a query tells overloads apart.
      const source = (path.split("?", 1)[0] ?? "")
        .replace(/\/\{timelineId\}$/, "(/[^/]+)?")
        .replaceAll(/\{\w+\}/g, "[^/]+");
      return Object.entries(methods).map(([method, { parameters = [] }]) => ({
        pattern: new RegExp(`^${source}$`),
        method: method.toUpperCase(),
        parameters,
        specification,
      }));
    },
  );
}

/** What a request has that no operation of the specification takes. */
function strangeIn(
  { method, path, body }: JournalEntry,
  operations: readonly Operation[],
): string[] {
  const url = new URL(path, "http://service");
  const found = operations.filter((one) => one.method === method && one.pattern.test(url.pathname));
  if (found.length === 0) return [`${method} ${url.pathname}`];
  const reports = found.map(({ parameters, specification }) => {
    const known = new Set(parameters.filter((one) => one.in === "query").map((one) => one.name));
    const names = [...new Set(url.searchParams.keys())];
    // "Parameters that use the searchCriteria prefix in their name can be specified without it."
    const strange = names.filter(
      (name) => !known.has(name) && !known.has(`searchCriteria.${name}`),
    );
    const schema = parameters.find((one) => one.in === "body")?.schema;
    const properties =
      body === "" ? [] : strangeProperties(JSON.parse(body), schema, specification, "body");
    return [...strange.map((name) => `${path}: ${name}`), ...properties];
  });
  return reports.toSorted((a, b) => a.length - b.length)[0] ?? [];
}

function strangeProperties(
  value: unknown,
  schema: Schema | undefined,
  of: Specification,
  path: string,
): string[] {
  if (typeof value !== "object" || value === null) return [];
  const known = propertiesOf(schema, of);
  const { additionalProperties } = dereference(schema, of);
  return Object.entries(value).flatMap(([name, inner]) => {
    const next = known[name] ?? additionalProperties;
    return next === undefined
      ? [`${path}.${name}`]
      : strangeProperties(inner, next, of, `${path}.${name}`);
  });
}

function propertiesOf(schema: Schema | undefined, of: Specification): Record<string, Schema> {
  const { properties, allOf = [] } = dereference(schema, of);
  return Object.assign({}, ...allOf.map((one) => propertiesOf(one, of)), properties);
}

function dereference(schema: Schema | undefined, of: Specification): Schema {
  return (
    (schema?.$ref === undefined
      ? schema
      : of.definitions[schema.$ref.replace("#/definitions/", "")]) ?? {}
  );
}

async function recordRequests(): Promise<readonly JournalEntry[]> {
  const devOps = await startAzureDevOps({
    speed: 400,
    scenario: () => "build-fails",
    push: () => {},
  });
  try {
    const token = "sandbox-pat";
    // First the one that is in doubt as soon as there are others.
    const markers = [
      { kind: "none" },
      { kind: "variable", name: "omnibotDeploymentId" },
      build.marker,
    ] as const;
    for (const marker of markers) {
      const config = { ...build, organization: devOps.url, marker };
      const ours = createPipelines({
        environment: { build: config },
        devOps: createDevOps(devOps.url, { kind: "pat", token }),
      });
      const head = await headOf(ours);
      await ours.readChanges(40655, head.id);
      const request = { key: `d-${marker.kind}`, commit: head.id };
      const since = Date.now();
      await ours.startRun(request);
      const run = await ours.findRun(request, since);
      if (run === undefined) throw new Error(`no run for ${marker.kind}`);
      for (let looks = 0; (await ours.readRun(run.id)).state !== "failed"; looks += 1) {
        if (looks === 200) throw new Error(`run ${run.id} does not end`);
      }
    }
    return devOps.standIn.journal;
  } finally {
    await devOps.close();
  }
}

test("every request is one that Azure DevOps describes", async () => {
  if (!available) {
    console.log("skipped: Microsoft's specifications are not at ../shared/specs");
    return;
  }
  const operations = files.flatMap(readOperations);
  const requests = (await recordRequests()).filter(
    // How the client finds its way is not in the specifications, and work items are in none that lies there.
    ({ method, path }) =>
      method !== "OPTIONS" &&
      !/_apis\/(ResourceAreas$|connectionData$|wit\/workitems\?)/.test(path),
  );
  expect(requests.flatMap((request) => strangeIn(request, operations))).toEqual([]);

  const paths = requests.map(
    ({ method, path }) => `${method} ${path.split("?", 1)[0]?.replaceAll(/\d{5}/g, "N")}`,
  );
  expect(new Set(paths.map((path) => path.replace("/omnispatial/OmniSpatial/_apis/", "")))).toEqual(
    new Set([
      "POST pipelines/12/runs",
      "GET build/builds",
      "GET build/builds/N",
      "GET build/builds/N/timeline",
      "GET build/builds/N/logs",
      "GET build/builds/N/logs/3",
      "GET build/definitions/12",
      expect.stringMatching(/^GET git\/repositories\/[^/]+\/commits$/),
      expect.stringMatching(/^GET git\/repositories\/[^/]+\/stats\/branches$/),
    ]),
  );
});

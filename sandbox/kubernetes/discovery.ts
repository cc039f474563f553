import { isPlural, resources, type Plural } from "./resources.ts";

const plurals: readonly Plural[] = Object.keys(resources).filter(isPlural);

export const servedVerbs: readonly string[] = ["get", "list", "patch", "watch"];

const serverVersion = {
  major: "1",
  minor: "36",
  gitVersion: "v1.36.2",
  platform: "linux/amd64",
};

/** Answers the paths by which clients find out what there is; undefined for any other. */
export function discover(path: string): object | undefined {
  if (path === "/version") return serverVersion;
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"] };
  if (path === "/apis")
    return { kind: "APIGroupList", apiVersion: "v1", groups: groups().map(describeGroup) };
  const match = /^\/(?:api\/(v1)|apis\/([^/]+)(?:\/([^/]+))?)$/.exec(path);
  if (match === null) return undefined;
  const [, core, group = "", groupVersion] = match;
  if (core === undefined && !groups().includes(group)) return undefined;
  if (core === undefined && groupVersion === undefined) {
    return { kind: "APIGroup", apiVersion: "v1", ...describeGroup(group) };
  }
  const served = plurals.filter(
    (plural) =>
      resources[plural].group === group && resources[plural].version === (core ?? groupVersion),
  );
  if (served.length === 0) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: core ?? `${group}/${groupVersion}`,
    resources: served.map(describeResource),
  };
}

function groups(): string[] {
  return [...new Set(plurals.map((plural) => resources[plural].group))].filter(
    (group) => group !== "",
  );
}

function describeGroup(name: string) {
  const version =
    plurals.map((plural) => resources[plural]).find(({ group }) => group === name)?.version ?? "v1";
  const served = { groupVersion: `${name}/${version}`, version };
  return { name, versions: [served], preferredVersion: served };
}

function describeResource(plural: Plural) {
  const { kind, namespaced } = resources[plural];
  return {
    name: plural,
    singularName: kind.toLowerCase(),
    namespaced,
    kind,
    verbs: servedVerbs,
  };
}

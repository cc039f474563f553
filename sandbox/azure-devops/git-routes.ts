import { z } from "zod";
import type { StandInAnswer, StandInRequest } from "../stand-in.ts";
import type { AddRoute } from "./access.ts";
import { invalidRequest, noRepository, noVersion } from "./errors.ts";
import { commitDetailsOf, commitOf } from "./git-json.ts";
import { branch, omnibot, project, repository, repositoryRef } from "./organization.ts";
import type { Source, SourceCommit } from "./source.ts";

const shortBranch = branch.replace("refs/heads/", "");

/** GitVersionDescriptor; versionType 0 is a branch, 2 a commit (azure-devops-node-api, GitInterfaces). */
const version = z.object({
  version: z.string().nullish(),
  versionType: z.union([z.number(), z.string()]).nullish(),
});

/** GitQueryCommitsCriteria, as far as a history without files can answer it. */
const criteria = z.object({
  itemVersion: version.nullish(),
  compareVersion: version.nullish(),
  fromCommitId: z.string().nullish(),
  toCommitId: z.string().nullish(),
  fromDate: z.string().nullish(),
  toDate: z.string().nullish(),
  author: z.string().nullish(),
  ids: z.array(z.string()).nullish(),
  includeWorkItems: z.boolean().nullish(),
  $top: z.number().nullish(),
  $skip: z.number().nullish(),
});

type Criteria = z.infer<typeof criteria>;

export function addGitRoutes(add: AddRoute, url: () => string, source: Source): void {
  const repositories = "/:project/_apis/git/repositories";

  function addBelow(
    pattern: string,
    answer: (request: StandInRequest) => StandInAnswer,
    method = "GET",
  ): void {
    add(method, `${repositories}/:repository${pattern}`, (request) => {
      const asked = request.params["repository"] ?? "";
      if (asked !== repository.id && asked.toLowerCase() !== repository.name)
        throw noRepository(asked);
      return answer(request);
    });
  }

  add("GET", repositories, () => list([repositoryRef(url())]));

  addBelow("", () => ({ status: 200, json: repositoryRef(url()) }));

  addBelow("/refs", ({ query }) => {
    const starts = branch.startsWith(`refs/${query.get("filter") ?? ""}`);
    const contains = branch.includes(query.get("filterContains") ?? "");
    return list(starts && contains ? [refOf(source, url())] : []);
  });

  addBelow("/stats/branches", ({ query }) => {
    const name = query.get("name");
    const stats = {
      commit: commitOf(source.head, url()),
      name: shortBranch,
      aheadCount: 0,
      behindCount: 0,
      isBaseVersion: true,
    };
    if (name === null) return list([stats]);
    if (name !== shortBranch) throw noVersion("Branch", name);
    return { status: 200, json: stats };
  });

  addBelow("/commits", ({ query }) => answerCommits(source, readQuery(query), url()));

  addBelow("/commits/:commit", ({ params }) => {
    const commit = resolve(source, { version: params["commit"], versionType: "commit" });
    return { status: 200, json: commitDetailsOf(commit, url()) };
  });

  for (const spelling of ["commitsBatch", "commitsbatch"]) {
    addBelow(
      `/${spelling}`,
      (request) => {
        const asked = criteria.safeParse(request.json());
        if (!asked.success)
          throw invalidRequest("Value cannot be read. Parameter name: searchCriteria");
        const paged = {
          $top: number(request.query.get("$top")),
          $skip: number(request.query.get("$skip")),
        };
        return answerCommits(source, { ...asked.data, ...defined(paged) }, url());
      },
      "POST",
    );
  }

  addBelow("/diffs/commits", ({ query }) => {
    const base = resolve(source, {
      version: query.get("baseVersion"),
      versionType: query.get("baseVersionType"),
    });
    const target = resolve(source, {
      version: query.get("targetVersion"),
      versionType: query.get("targetVersionType"),
    });
    const ahead = source.between(base.id, target.id).length;
    const behind = source.between(target.id, base.id).length;
    const common = ahead > 0 ? base.id : target.id;
    const diff = { allChangesIncluded: true, changeCounts: {}, changes: [], commonCommit: common };
    const ends = {
      baseCommit: base.id,
      targetCommit: target.id,
      aheadCount: ahead,
      behindCount: behind,
    };
    return { status: 200, json: { ...diff, ...ends } };
  });
}

function answerCommits(source: Source, asked: Criteria, url: string): StandInAnswer {
  const found = findCommits(source, asked);
  return list(found.map((one) => commitOf(one, url, asked.includeWorkItems === true)));
}

/** Answers the criteria of a list of commits, newest first. */
function findCommits(source: Source, asked: Criteria): SourceCommit[] {
  if (asked.ids && asked.ids.length > 0) return asked.ids.flatMap((id) => source.find(id) ?? []);
  const { from, to } = readRange(source, asked);
  const since = Date.parse(asked.fromDate ?? "") || Number.NEGATIVE_INFINITY;
  const until = Date.parse(asked.toDate ?? "") || Number.POSITIVE_INFINITY;
  const author = asked.author?.toLowerCase();
  const skip = asked.$skip ?? 0;
  return source
    .between(from, to)
    .filter(({ date }) => date.getTime() >= since && date.getTime() <= until)
    .filter(
      (commit) =>
        author === undefined ||
        [commit.author.name, commit.author.email].some((one) => one.toLowerCase() === author),
    )
    .slice(skip, skip + (asked.$top ?? 100));
}

/**
 * With two versions, what `compareVersion` has and `itemVersion` has not, which is how Dependabot asks Azure Repos; otherwise
 * the history of `itemVersion`. `fromCommitId` is left out of the answer, `toCommitId` ends it.
 */
function readRange(source: Source, asked: Criteria): { from: string | undefined; to: string } {
  const item = asked.itemVersion?.version ? resolve(source, asked.itemVersion) : undefined;
  if (asked.compareVersion?.version)
    return { from: item?.id, to: resolve(source, asked.compareVersion).id };
  const from = asked.fromCommitId
    ? resolve(source, { version: asked.fromCommitId, versionType: "commit" }).id
    : undefined;
  const to = asked.toCommitId
    ? resolve(source, { version: asked.toCommitId, versionType: "commit" })
    : item;
  return { from, to: (to ?? source.head).id };
}

function resolve(source: Source, asked: z.infer<typeof version>): SourceCommit {
  const name = asked.version ?? "";
  if (
    String(asked.versionType ?? "branch").toLowerCase() === "commit" ||
    String(asked.versionType) === "2"
  ) {
    const commit = source.find(name);
    if (commit === undefined) throw noVersion("Commit", name);
    return commit;
  }
  if (name !== shortBranch) throw noVersion("Branch", name);
  return source.head;
}

/** Reads criteria from a query; the prefix `searchCriteria.` may be left out. */
function readQuery(query: URLSearchParams): Criteria {
  const read = (name: string) => query.get(`searchCriteria.${name}`) ?? query.get(name);
  const readVersion = (name: string) => ({
    version: read(`${name}.version`),
    versionType: read(`${name}.versionType`),
  });
  return {
    itemVersion: readVersion("itemVersion"),
    compareVersion: readVersion("compareVersion"),
    fromCommitId: read("fromCommitId"),
    toCommitId: read("toCommitId"),
    fromDate: read("fromDate"),
    toDate: read("toDate"),
    author: read("author"),
    ids: read("ids")?.split(","),
    includeWorkItems: read("includeWorkItems") === "true",
    $top: number(query.get("$top") ?? read("$top")),
    $skip: number(query.get("$skip") ?? read("$skip")),
  };
}

function refOf(source: Source, url: string): object {
  return {
    name: branch,
    objectId: source.head.id,
    creator: omnibot,
    url: `${url}/${project.id}/_apis/git/repositories/${repository.id}/refs?filter=${encodeURIComponent(branch.replace("refs/", ""))}`,
  };
}

function number(text: string | null): number | undefined {
  return text === null ? undefined : Number(text);
}

function defined(values: Record<string, number | undefined>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function list(value: readonly unknown[]): StandInAnswer {
  return { status: 200, json: { count: value.length, value } };
}

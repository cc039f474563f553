import { definition, repository, branch } from "./organization.ts";
import type { Run } from "./run.ts";

/** Flags of the Build API; a client sends them by number or by name. Source: azure-devops-node-api, BuildInterfaces. */
const statuses = {
  none: 0,
  inProgress: 1,
  completed: 2,
  cancelling: 4,
  postponed: 8,
  notStarted: 32,
  all: 47,
} as const;
const results = { none: 0, succeeded: 2, partiallySucceeded: 4, failed: 8, canceled: 32 } as const;
const reasons = { none: 0, manual: 1, all: 2031 } as const;
const orders = {
  finishTimeAscending: 2,
  finishTimeDescending: 3,
  queueTimeDescending: 4,
  queueTimeAscending: 5,
  startTimeDescending: 6,
  startTimeAscending: 7,
} as const;

/** Reads a flag or an enum by number or by name, in any case; 0 when it says nothing known. */
function readFlags(names: Readonly<Record<string, number>>, text: string): number {
  return text.split(",").reduce((flags, word) => {
    const name = Object.keys(names).find((one) => one.toLowerCase() === word.trim().toLowerCase());
    return flags | (name === undefined ? Number(word) || 0 : (names[name] ?? 0));
  }, 0);
}

export function readStatus(text: string): Run["status"] | undefined {
  const flags = readFlags(statuses, text);
  return (["notStarted", "inProgress", "cancelling", "completed"] as const).find(
    (one) => statuses[one] === flags,
  );
}

/** The builds that `GET _apis/build/builds` was asked for, in the order it was asked for. */
export function queryBuilds(runs: readonly Run[], query: URLSearchParams): Run[] {
  const order = readFlags(orders, query.get("queryOrder") ?? "") || orders.finishTimeDescending;
  const time = timeBy(order);
  const from = readTime(query.get("minTime")) ?? Number.NEGATIVE_INFINITY;
  const until = readTime(query.get("maxTime")) ?? Number.POSITIVE_INFINITY;
  const matches = filters(query);
  const found = runs.filter((run) => {
    const at = time(run);
    const inTime =
      at === undefined ? !query.has("minTime") && !query.has("maxTime") : at >= from && at <= until;
    return inTime && matches.every((match) => match(run));
  });
  // What has no such time yet is the newest.
  const at = (run: Run) => time(run) ?? Number.MAX_SAFE_INTEGER;
  const ascending = order === 2 || order === 5 || order === 7;
  found.sort((a, b) => (ascending ? 1 : -1) * (at(a) - at(b) || a.request.id - b.request.id));
  return found.slice(0, Number(query.get("$top") ?? 1000));
}

type Match = (run: Run) => boolean;

function filters(query: URLSearchParams): Match[] {
  const asked: readonly (readonly [string, (value: string) => Match])[] = [
    ["definitions", (value) => () => value.split(",").map(Number).includes(definition.id)],
    ["buildIds", (value) => (run) => value.split(",").map(Number).includes(run.request.id)],
    ["buildNumber", (value) => (run) => matchesNumber(run.request.number, value)],
    ["branchName", (value) => () => value === branch],
    ["repositoryId", (value) => () => value === repository.id],
    ["requestedFor", (value) => (run) => isIdentity(run, value.toLowerCase())],
    ["statusFilter", (value) => (run) => (readFlags(statuses, value) & statuses[run.status]) !== 0],
    [
      "resultFilter",
      (value) => (run) => (readFlags(results, value) & results[run.result ?? "none"]) !== 0,
    ],
    ["reasonFilter", (value) => () => (readFlags(reasons, value) & reasons.manual) !== 0],
    ["tagFilters", () => () => false],
  ];
  return asked.flatMap(([name, filter]) => {
    const value = query.get(name);
    return value === null || value === "" ? [] : [filter(value)];
  });
}

function timeBy(order: number): (run: Run) => number | undefined {
  if (order === orders.queueTimeAscending || order === orders.queueTimeDescending)
    return (run) => run.request.queuedAt;
  if (order === orders.startTimeAscending || order === orders.startTimeDescending)
    return (run) => run.startedAt;
  return (run) => run.finishedAt;
}

function matchesNumber(number: string, asked: string): boolean {
  return asked.endsWith("*") ? number.startsWith(asked.slice(0, -1)) : number === asked;
}

function isIdentity(run: Run, asked: string): boolean {
  const { id, displayName, uniqueName } = run.request.requestedFor;
  return [id, displayName, uniqueName].some((one) => one.toLowerCase() === asked);
}

function readTime(text: string | null): number | undefined {
  const time = Date.parse(text ?? "");
  return Number.isNaN(time) ? undefined : time;
}

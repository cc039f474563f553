import type { StandIn, StandInAnswer } from "../stand-in.ts";
import { organization } from "./organization.ts";
import { readLog, type Run } from "./run.ts";
import type { Runs } from "./runs.ts";
import type { Source, SourceCommit } from "./source.ts";
import { titleOf } from "./work-items.ts";

/** The pages that links lead to, for the person who tries it out: a run with its log, a commit, what lies between two, a work item. */
export function addPages(standIn: StandIn, runs: Runs, source: Source): void {
  standIn.route("GET", `/${organization}/:project/_build/results`, (request) => {
    const run = runs.find(Number(request.query.get("buildId")));
    return run === undefined ? page(404, "There is no such run", []) : runPage(run);
  });
  standIn.route("GET", `/${organization}/:project/_git/web/commit/:commit`, (request) => {
    const commit = source.find(request.params["commit"] ?? "");
    return commit === undefined ? page(404, "There is no such commit", []) : commitPage(commit);
  });
  standIn.route("GET", `/${organization}/:project/_git/web/branchCompare`, ({ query }) => {
    const commit = (name: string) => source.find(query.get(name)?.replace(/^GC/, "") ?? "");
    const [from, to] = [commit("baseVersion"), commit("targetVersion")];
    if (from === undefined || to === undefined) return page(404, "There is no such commit", []);
    const lines = source
      .between(from.id, to.id)
      .map(
        ({ id, message, author }) =>
          `${id.slice(0, 8)}  ${message.split("\n")[0] ?? ""}, ${author.name}`,
      );
    return page(200, `${from.id.slice(0, 8)} to ${to.id.slice(0, 8)}`, lines);
  });
  standIn.route("GET", `/${organization}/:project/_workitems/edit/:id`, ({ params }) => {
    const title = titleOf(Number(params["id"]));
    return title === undefined
      ? page(404, "There is no such work item", [])
      : page(200, `${params["id"] ?? ""} ${title}`, []);
  });
}

function runPage(run: Run): StandInAnswer {
  const { number, id, commit, requestedFor } = run.request;
  const state = run.result ?? run.status;
  const logs = run.tasks.flatMap((task) => {
    if (task.result === undefined) return [];
    return [`--- ${task.plan.name}: ${task.result}`, ...readLog(run, task), ""];
  });
  const about = [
    `Run ${id} (${number}) of pipeline web`,
    `Commit ${commit}`,
    `Started by ${requestedFor.displayName}`,
    "",
  ];
  return page(200, `web ${number}: ${state}`, [...about, ...logs]);
}

function commitPage(commit: SourceCommit): StandInAnswer {
  const { name, email } = commit.author;
  const [title = "", ...body] = commit.message.split("\n");
  return page(200, title, [
    `commit ${commit.id}`,
    `Author: ${name} <${email}>`,
    commit.date.toISOString(),
    ...body,
  ]);
}

function page(status: number, title: string, lines: readonly string[]): StandInAnswer {
  const head = `<meta charset="utf-8"><title>${escape(title)}</title>`;
  const body = `<h1>${escape(title)}</h1><pre>${escape(lines.join("\n"))}</pre>`;
  const headers = { "content-type": "text/html; charset=utf-8" };
  return {
    status,
    headers,
    body: `<!DOCTYPE html><html lang="en"><head>${head}</head><body>${body}</body></html>`,
  };
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

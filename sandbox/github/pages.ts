import type { StandIn, StandInAnswer } from "../stand-in.ts";
import type { Api } from "./api.ts";
import { encodePath } from "./address.ts";
import { type CommitRecord, type FileChange, readChanges, readCommit, readLog } from "./history.ts";
import { isOpen, type PullRequests } from "./pull-requests.ts";

const style = `:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;
padding:0 1rem}pre{overflow:auto;padding:.75rem;border:1px solid #8886;border-radius:6px;font-size:13px;line-height:1.45}
.add{background:#2da44e33}.del{background:#cf222e33}.at{opacity:.6}small{opacity:.7}h2{font-size:1rem;margin:1.5rem 0 .5rem}`;

/** Plain pages behind every `html_url`, so that a link in a card opens something to read. */
export function addPages(standIn: StandIn, api: Api, pulls: PullRequests): void {
  const { repository } = api;
  const page = (path: string, write: (rest: string) => Promise<string | undefined>) =>
    standIn.route("GET", `/omnispatial/gitops${path}`, async (request) => {
      const html = await write(request.params["rest"] ?? "");
      return html === undefined ? missing() : answer(200, html);
    });

  page("", async () => layout("gitops", await writeList(api, "main", undefined)));

  page("/pulls", async () => {
    const items = pulls
      .list()
      .map(
        (pull) =>
          `<li><a href="pull/${pull.number}">#${pull.number}</a> ${escape(pull.title)}</li>`,
      );
    return layout("Pull requests", `<ul>${items.join("")}</ul>`);
  });

  page("/pull/:rest", async (number) => {
    const pull = pulls.get(Number(number));
    if (pull === undefined) return undefined;
    const state = pull.merge !== undefined ? "Merged" : isOpen(pull) ? "Open" : "Closed";
    const changes = await readChanges(repository, await pulls.base(pull), pull.headSha);
    const merged = pull.merge === undefined ? "" : ` as ${linkCommit(api, pull.merge.sha)}`;
    const from = `${escape(pull.head)} into ${escape(pull.base)}`;
    const head = `<p><b>${state}</b>${merged}: ${from}, head ${linkCommit(api, pull.headSha)}</p>`;
    return layout(
      `${pull.title} #${pull.number}`,
      `${head}<pre>${escape(pull.body ?? "")}</pre>${changes.map(writeDiff).join("")}`,
    );
  });

  page("/commit/:rest", async (name) => {
    const sha = await repository.resolve(name);
    if (sha === undefined) return undefined;
    const commit = await readCommit(repository, sha);
    const changes = await readChanges(repository, commit.parents[0], sha);
    const by = `<p>${escape(commit.author.name)}, ${new Date(commit.author.at).toISOString()}<br><small>${sha}</small></p>`;
    return layout(
      subject(commit),
      `${by}<pre>${escape(commit.message)}</pre>${changes.map(writeDiff).join("")}`,
    );
  });

  page("/commits/*rest", async (rest) => {
    const found = await splitRevision(api, rest);
    return found === undefined
      ? undefined
      : layout("Commits", await writeList(api, found.commit, found.path));
  });

  page("/compare/*rest", async (rest) => {
    const [base = "", head = ""] = rest.split("...");
    const [from, to] = [await repository.resolve(base), await repository.resolve(head)];
    if (from === undefined || to === undefined) return undefined;
    return layout(
      `${base} … ${head}`,
      (await readChanges(repository, from, to)).map(writeDiff).join(""),
    );
  });

  page("/blob/*rest", async (rest) => {
    const found = await splitRevision(api, rest);
    const entry =
      found === undefined ? undefined : await repository.entry(found.commit, found.path);
    if (entry === undefined || entry.type !== "blob") return undefined;
    return layout(
      entry.path,
      `<pre>${escape((await repository.blob(entry.sha)).toString("utf8"))}</pre>`,
    );
  });
}

/** `branch/with/slashes/path/of/file`: the longest beginning that names a commit. */
async function splitRevision(api: Api, rest: string) {
  const parts = rest.split("/");
  for (let i = parts.length; i > 0; i -= 1) {
    const commit = await api.repository.resolve(parts.slice(0, i).join("/"));
    if (commit !== undefined) return { commit, path: parts.slice(i).join("/") };
  }
  return undefined;
}

async function writeList(api: Api, start: string, path: string | undefined): Promise<string> {
  const commits = await readLog(api.repository, start, { path, limit: 50 });
  const items = commits.map((commit) => {
    const when = new Date(commit.author.at).toISOString().slice(0, 10);
    return `<li>${linkCommit(api, commit.sha)} ${escape(subject(commit))} <small>${escape(commit.author.name)}, ${when}</small></li>`;
  });
  return `<ul>${items.join("")}</ul>`;
}

function linkCommit(api: Api, sha: string): string {
  return `<a href="${escape(`${api.address.html}/commit/${encodePath(sha)}`)}"><code>${sha.slice(0, 7)}</code></a>`;
}

function subject(commit: CommitRecord): string {
  return commit.message.split("\n")[0] ?? "";
}

function writeDiff(change: FileChange): string {
  const lines = (change.patch ?? "").split("\n").map((line) => {
    const kind = line.startsWith("+")
      ? "add"
      : line.startsWith("-")
        ? "del"
        : line.startsWith("@@")
          ? "at"
          : "";
    return `<span class="${kind}">${escape(line)}</span>`;
  });
  return `<h2>${escape(change.path)} <small>+${change.additions} −${change.deletions}</small></h2><pre>${lines.join("\n")}</pre>`;
}

function layout(title: string, body: string): string {
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)}</title>`;
  return `<!doctype html><html lang="en">${head}<style>${style}</style><h1>${escape(title)}</h1>${body}</html>`;
}

function answer(status: number, html: string): StandInAnswer {
  const policy = "default-src 'none'; style-src 'unsafe-inline'";
  return {
    status,
    headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": policy },
    body: html,
  };
}

function missing(): StandInAnswer {
  return answer(404, layout("Nothing here", "<p>The sandbox has no such page.</p>"));
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

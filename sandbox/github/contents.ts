import { z } from "zod";
import type { StandInAnswer, StandInRequest } from "../stand-in.ts";
import { type Api, notFound, param, readBody, Refusal } from "./api.ts";
import { readCommit } from "./history.ts";
import { githubAccount, omnibotAccount, writeEntry, writeFile, writeFileCommit } from "./wire.ts";

const signature = z.object({
  name: z.string(),
  email: z.string(),
  date: z.iso.datetime({ offset: true }).optional(),
});

const newContent = z.object({
  message: z.string(),
  content: z.string(),
  sha: z.string().optional(),
  branch: z.string().optional(),
  author: signature.optional(),
  committer: signature.optional(),
});

type NewContent = z.infer<typeof newContent>;

/** Reads and writes files. */
export function addContentRoutes(api: Api): void {
  api.route("GET", "/contents/*path", (request) => readContent(api, request));

  api.route("PUT", "/contents/*path", async (request) => {
    const body = readBody(request, newContent);
    return api.repository.alone(() => writeContent(api, param(request, "path"), body));
  });
}

async function readContent(api: Api, request: StandInRequest): Promise<StandInAnswer> {
  const { repository, address } = api;
  const path = param(request, "path").replace(/\/$/, "");
  const ref = request.query.get("ref") ?? "main";
  const commit = await repository.resolve(ref);
  if (commit === undefined) throw new Refusal(404, `No commit found for the ref ${ref}`);
  const entry = path === "" ? undefined : await repository.entry(commit, path);
  if (entry === undefined && path !== "") throw notFound();
  if (entry === undefined || entry.type === "tree") {
    const entries = await repository.list(commit, path);
    return { status: 200, json: entries.map((one) => writeEntry(address, one, ref, 0)) };
  }
  const etag = `"${entry.sha}"`;
  const headers = { etag, "cache-control": "private, max-age=60, s-maxage=60" };
  const known = (request.headers["if-none-match"] ?? "")
    .split(",")
    .map((one) => one.trim().replace(/^W\//, ""));
  if (known.includes(etag)) return { status: 304, headers };
  return {
    status: 200,
    headers,
    json: writeFile(address, entry, ref, await repository.blob(entry.sha)),
  };
}

async function writeContent(api: Api, path: string, body: NewContent): Promise<StandInAnswer> {
  const { repository, address } = api;
  const branch = body.branch ?? "main";
  const head = await repository.head(branch);
  if (head === undefined) throw new Refusal(404, `Branch ${branch} not found`);
  const before = await repository.entry(head, path);
  if (before !== undefined && body.sha === undefined)
    throw new Refusal(422, `Invalid request.\n\n"sha" wasn't supplied.`);
  if (body.sha !== undefined && body.sha !== before?.sha)
    throw new Refusal(409, `${path} does not match ${body.sha}`);
  const base64 = body.content.replaceAll(/\s/g, "");
  const content = Buffer.from(base64, "base64");
  if (content.toString("base64") !== base64) throw new Refusal(422, "content is not valid Base64");
  const sha = await repository.commit({
    tree: await repository.treeWith(head, { [path]: content }),
    parents: [head],
    message: body.message,
    author: sign(body.author ?? body.committer) ?? omnibotAccount,
    committer: sign(body.committer) ?? githubAccount,
  });
  if (!(await repository.move(branch, head, sha)))
    throw new Refusal(409, `${branch} is not at ${head} any more`);
  const commit = writeFileCommit(address, await readCommit(repository, sha));
  const entry = await repository.entry(sha, path);
  if (entry === undefined) throw new Error(`${path} is not in the commit that wrote it`);
  const written = writeEntry(address, entry, branch, content.length);
  return { status: before === undefined ? 201 : 200, json: { content: written, commit } };
}

function sign(by: z.infer<typeof signature> | undefined) {
  if (by === undefined) return undefined;
  return {
    name: by.name,
    email: by.email,
    ...(by.date === undefined ? {} : { at: Date.parse(by.date) }),
  };
}

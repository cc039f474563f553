import type { Bad } from "../deployment/ports.ts";
import { file } from "./answers.ts";
import { decodeText } from "./bytes.ts";
import { accept, ask, type Repository } from "./exchange.ts";
import { bad } from "./lines.ts";

export interface FileState {
  readonly state: "file";
  readonly text: string;
  /** Id of exactly these bytes: the lock under which they are replaced. */
  readonly blob: string;
}

/** Reads a text file at a commit, which the caller has seen before: a 404 then means the file, not the repository. */
export async function readFile(
  repository: Repository,
  path: string,
  commit: string,
): Promise<FileState | Bad> {
  const answer = await ask(repository, "GET /repos/{owner}/{repo}/contents/{path}", {
    path,
    ref: commit,
  });
  if (answer.status === 404)
    return bad("file-not-found", `${path} is not in ${name(repository)} at ${commit.slice(0, 7)}.`);
  if (Array.isArray(answer.data)) return bad("file-not-found", `${path} is a directory.`);
  const { type, sha, encoding, content, size } = accept(answer, file);
  if (type !== "file") return bad("file-not-found", `${path} is no file but a ${type}.`);
  // GitHub leaves the content of files above 1 MB out.
  if (encoding !== "base64")
    return bad("tag-not-editable", `${path} is too large to be edited (${size} bytes).`);
  const text = decodeText(Buffer.from(content, "base64"));
  if (text === undefined) return bad("tag-not-editable", `${path} is not encoded in UTF-8.`);
  return { state: "file", text, blob: sha };
}

function name({ owner, repo }: Repository): string {
  return `${owner}/${repo}`;
}

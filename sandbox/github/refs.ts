import { z } from "zod";
import { type Api, notFound, param, readBody, Refusal } from "./api.ts";
import { type Address, encodePath } from "./address.ts";
import { nodeId } from "./wire.ts";

const newRef = z.object({ ref: z.string(), sha: z.string() });

/** The references that make branches. */
export function addRefRoutes(api: Api): void {
  const { repository } = api;

  api.route("GET", "/git/ref/*ref", async (request) => {
    const branch = branchOf(`refs/${param(request, "ref")}`);
    const head = branch === undefined ? undefined : await repository.head(branch);
    if (branch === undefined || head === undefined) throw notFound();
    return { status: 200, json: writeRef(api.address, branch, head) };
  });

  api.route("POST", "/git/refs", async (request) => {
    const { ref, sha } = readBody(request, newRef);
    const branch = branchOf(ref);
    if (branch === undefined || !(await repository.isBranchName(branch))) {
      throw new Refusal(422, `${ref} is not a valid ref name.`);
    }
    const commit = /^[0-9a-f]{40}$/.test(sha) ? await repository.resolve(sha) : undefined;
    if (commit === undefined) throw new Refusal(422, "Object does not exist");
    const created = await repository.alone(() => repository.move(branch, undefined, commit));
    if (!created) throw new Refusal(422, "Reference already exists");
    const json = writeRef(api.address, branch, commit);
    return { status: 201, json, headers: { location: json.url } };
  });

  api.route("DELETE", "/git/refs/*ref", async (request) => {
    const branch = branchOf(`refs/${param(request, "ref")}`);
    return repository.alone(async () => {
      const head = branch === undefined ? undefined : await repository.head(branch);
      if (branch === undefined || head === undefined)
        throw new Refusal(422, "Reference does not exist");
      await repository.remove(branch, head);
      return { status: 204 };
    });
  });
}

function branchOf(ref: string): string | undefined {
  const prefix = "refs/heads/";
  return ref.startsWith(prefix) && ref.length > prefix.length
    ? ref.slice(prefix.length)
    : undefined;
}

function writeRef(address: Address, branch: string, sha: string) {
  return {
    ref: `refs/heads/${branch}`,
    node_id: nodeId("Ref", branch),
    url: `${address.api}/git/refs/heads/${encodePath(branch)}`,
    object: { sha, type: "commit", url: `${address.api}/git/commits/${sha}` },
  };
}

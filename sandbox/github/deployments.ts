import { z } from "zod";
import { type Api, notFound, param, readBody, Refusal } from "./api.ts";
import { nodeId, writeTime } from "./wire.ts";

const newDeployment = z.object({
  ref: z.string(),
  task: z.string().default("deploy"),
  environment: z.string().default("production"),
  description: z.string().max(140).nullable().default(""),
  payload: z.union([z.record(z.string(), z.unknown()), z.string()]).default(""),
  auto_merge: z.boolean().default(true),
  required_contexts: z.array(z.string()).optional(),
});
const newStatus = z.object({
  state: z.enum(["error", "failure", "inactive", "in_progress", "queued", "pending", "success"]),
  description: z.string().max(140).default(""),
  log_url: z.string().default(""),
  auto_inactive: z.boolean().default(true),
});

/** A deployment of GitHub's own, for who looks there. */
export interface RecordedDeployment extends z.output<typeof newDeployment> {
  readonly id: number;
  readonly sha: string;
  readonly at: number;
  readonly statuses: (z.output<typeof newStatus> & { readonly id: number; readonly at: number })[];
}

const firstId = 2_110_482_771;

/** Deployments and their statuses. They live in memory. Returns them, oldest first. */
export function addDeploymentRoutes(api: Api): readonly RecordedDeployment[] {
  const all: RecordedDeployment[] = [];
  const url = (id: number) => `${api.address.api}/deployments/${id}`;
  const find = (id: string) => {
    const found = all.find((one) => one.id === Number(id));
    if (found === undefined) throw notFound();
    return found;
  };
  const write = ({ id, sha, at, ...one }: RecordedDeployment) => ({
    id,
    sha,
    ref: one.ref,
    task: one.task,
    environment: one.environment,
    description: one.description,
    payload: one.payload,
    url: url(id),
    node_id: nodeId("Deployment", id),
    created_at: writeTime(at),
    updated_at: writeTime(at),
    statuses_url: `${url(id)}/statuses`,
    repository_url: api.address.api,
  });

  api.route("GET", "/deployments", async ({ query }) => {
    const fits = (one: RecordedDeployment) =>
      (["environment", "task", "ref", "sha"] as const).every(
        (key) => (query.get(key) ?? one[key]) === one[key],
      );
    const most = Number(query.get("per_page") ?? 30);
    return { status: 200, json: all.filter(fits).toReversed().slice(0, most).map(write) };
  });

  api.route("POST", "/deployments", async (request) => {
    const asked = readBody(request, newDeployment);
    const sha = await api.repository.resolve(asked.ref);
    if (sha === undefined) throw new Refusal(422, `No ref found for: ${asked.ref}`);
    // The default asks for every check, and merges the default branch into the ref.
    if (asked.required_contexts === undefined || asked.auto_merge)
      throw new Refusal(409, "Conflict: Commit status checks failed for the ref.");
    const made = { ...asked, sha, id: firstId + all.length, at: Date.now(), statuses: [] };
    all.push(made);
    return { status: 201, json: write(made) };
  });

  api.route("GET", "/deployments/:deployment/statuses", async (request) => {
    const { id, statuses } = find(param(request, "deployment"));
    const most = Number(request.query.get("per_page") ?? 30);
    const json = statuses.toReversed().slice(0, most);
    return { status: 200, json: json.map((one) => ({ ...one, deployment_url: url(id) })) };
  });

  api.route("POST", "/deployments/:deployment/statuses", async (request) => {
    const { id, statuses } = find(param(request, "deployment"));
    const made = { ...readBody(request, newStatus), id: id * 10 + statuses.length, at: Date.now() };
    statuses.push(made);
    return { status: 201, json: { ...made, deployment_url: url(id) } };
  });
  return all;
}

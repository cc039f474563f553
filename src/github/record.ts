import { z } from "zod";
import type { DeploymentRecord } from "../deployment/records.ts";
import { accept, ask, type Repository } from "./exchange.ts";

const payload = z.union([
  z.object({ omnibotDeployment: z.string() }),
  // An object is given back as one, or as its text.
  z.string().transform((text, context) => {
    try {
      return z.object({ omnibotDeployment: z.string() }).parse(JSON.parse(text));
    } catch {
      context.addIssue({ code: "custom", message: "is not ours" });
      return z.NEVER;
    }
  }),
]);
const deployments = z.array(z.object({ id: z.int().positive(), payload: z.unknown() }));
const created = z.object({ id: z.int().positive() });
const statuses = z.array(z.object({ state: z.string() }));

const task = "deploy:omnibot";
/** GitHub's own bound of a status. */
const longestDescription = 140;

/**
 * Writes what became of a deployment as a deployment of GitHub: found by omnibot's key before it is made, and given a status only
 * where the newest says something else. Nothing on GitHub waits for it, and it waits for no check.
 */
export async function writeRecord(repository: Repository, record: DeploymentRecord): Promise<void> {
  const id = (await find(repository, record)) ?? (await create(repository, record));
  const path = "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses";
  const before = await ask(repository, `GET ${path}`, { deployment_id: id, per_page: 1 });
  const [newest] = accept(before, statuses);
  if (newest?.state === record.state) return;
  const answer = await ask(repository, `POST ${path}`, {
    deployment_id: id,
    state: record.state,
    description: record.description.slice(0, longestDescription),
    // By itself GitHub only retires what is not production: the one before gets its own status.
    auto_inactive: false,
    ...(record.url === undefined ? {} : { log_url: record.url }),
  });
  accept(answer, z.unknown());
}

/** The newest hundred: a record that has to change is among them. */
async function find(
  repository: Repository,
  { key, environment }: DeploymentRecord,
): Promise<number | undefined> {
  const where = { environment, task, per_page: 100 };
  const answer = await ask(repository, "GET /repos/{owner}/{repo}/deployments", where);
  const all = accept(answer, deployments);
  return all.find((one) => payload.safeParse(one.payload).data?.omnibotDeployment === key)?.id;
}

async function create(
  repository: Repository,
  { key, environment, commit, description }: DeploymentRecord,
): Promise<number> {
  const answer = await ask(repository, "POST /repos/{owner}/{repo}/deployments", {
    ref: commit,
    environment,
    task,
    payload: { omnibotDeployment: key },
    description: description.slice(0, longestDescription),
    // Otherwise GitHub merges branches, or refuses for a check that is not green.
    auto_merge: false,
    required_contexts: [],
  });
  return accept(answer, created).id;
}

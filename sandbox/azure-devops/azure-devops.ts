import { z } from "zod";
import { findPerson } from "../people.ts";
import { StandIn } from "../stand-in.ts";
import type { Outbox } from "../hooks/outbox.ts";
import { protectedRoutes, type Identities } from "./access.ts";
import { addBuildRoutes } from "./build-routes.ts";
import { Controls } from "./controls.ts";
import { addGitRoutes } from "./git-routes.ts";
import { addLocations } from "./locations.ts";
import { omnibot, organization } from "./organization.ts";
import { addPages } from "./pages.ts";
import { addPermissionRoutes } from "./permissions.ts";
import { addPipelineRoutes } from "./pipeline-routes.ts";
import type { Run } from "./run.ts";
import { Runs, type RunsOptions } from "./runs.ts";
import { createServiceHook } from "./service-hook.ts";
import { Source, type SourceCommit } from "./source.ts";
import { addWorkItemRoutes } from "./work-items.ts";

export interface AzureDevOpsOptions extends Omit<RunsOptions, "changed"> {
  /** Where its service hooks go, with the secret of their header. */
  readonly hook?: { readonly outbox: Outbox; readonly secret: string } | undefined;
  /** Checks Entra tokens; without it only the personal access token `sandbox-pat` is good. */
  readonly identity?: Identities | undefined;
  readonly port?: number | undefined;
  /** How long a new run is missing from lists, in milliseconds. */
  readonly listLag?: number | undefined;
}

/** A run that somebody started here. */
export interface CreatedRun {
  readonly id: number;
  readonly commit: string;
  /** The deployment's key, by parameter or by variable; undefined when the run carries none. */
  readonly marker: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
  readonly status: Run["status"];
  readonly result: Run["result"];
}

export interface AzureDevOps {
  /** Address of the organization. */
  readonly url: string;
  readonly standIn: StandIn;
  /** Every run that was started here, oldest first. */
  readonly runs: readonly CreatedRun[];
  /** The builds that were there before, oldest first; the last is live. Their images are the caller's to push. */
  readonly earlierBuilds: readonly {
    readonly id: number;
    readonly tag: string;
    readonly commit: string;
  }[];
  /** Somebody presses "Cancel" on a run's page. */
  cancel(id: number): void;
  /** What the organization allows and what it is short of; to be changed at any time. */
  readonly controls: Controls;
  /** Pushes a commit to `main`; `author` is somebody of the sandbox or any name. */
  pushCommit(commit: { readonly message: string; readonly author: string }): SourceCommit;
  close(): Promise<void>;
}

const pushedCommit = z.object({ message: z.string().min(1), author: z.string().min(1) });

/** The organization `omnispatial` on Azure DevOps Services: its pipeline `web` and its repository `web`. */
export async function startAzureDevOps(options: AzureDevOpsOptions): Promise<AzureDevOps> {
  const standIn = new StandIn("azure-devops");
  const now = Date.now();
  const source = new Source(now);
  const controls = new Controls();
  const { hook, listLag: lag = 0 } = options;
  const url = () => `${standIn.url}/${organization}`;
  const changed = hook && createServiceHook(hook.outbox, hook.secret, url);
  const runs = new Runs(source, now, { ...options, changed }, controls);
  const listed = () => runs.all.filter((run) => run.request.queuedAt + lag <= Date.now());
  const earlierBuilds = runs.all.map((run) => ({
    id: run.request.id,
    tag: run.tag,
    commit: run.request.commit,
  }));

  addLocations(standIn);
  const add = protectedRoutes(standIn, options.identity);
  add("GET", "/_apis/connectionData", () => {
    const user = { ...omnibot, isActive: true, providerDisplayName: omnibot.displayName };
    return {
      status: 200,
      json: { authenticatedUser: user, authorizedUser: user, deploymentType: "hosted" },
    };
  });
  addPermissionRoutes(add, controls);
  addPipelineRoutes(add, url, { runs, source, listed, controls });
  addBuildRoutes(add, url, { runs, source, listed, controls });
  addGitRoutes(add, url, source);
  addWorkItemRoutes(add, url);
  addPages(standIn, runs, source);
  standIn.route("POST", "/_sandbox/commits", (request) => {
    const asked = pushedCommit.safeParse(request.json());
    if (!asked.success) return { status: 400, json: { message: z.prettifyError(asked.error) } };
    return { status: 201, json: pushCommit(asked.data) };
  });

  function pushCommit({
    message,
    author,
  }: {
    readonly message: string;
    readonly author: string;
  }): SourceCommit {
    const person = findPerson(author);
    const email = `${author.toLowerCase().replaceAll(/[^a-z0-9]+/g, ".")}@omnispatial.example`;
    return source.push(
      message,
      person === undefined ? { name: author, email } : { name: person.name, email: person.email },
    );
  }

  await standIn.listen(options.port);
  return {
    url: url(),
    standIn,
    get runs() {
      return runs.created.map(describe);
    },
    earlierBuilds,
    controls,
    cancel: (id) => runs.find(id)?.cancel(),
    pushCommit,
    async close() {
      runs.close();
      await standIn.close();
    },
  };
}

function describe(run: Run): CreatedRun {
  const { id, commit, parameters, variables } = run.request;
  const marker =
    parameters["omnibotDeploymentId"] || variables["omnibotDeploymentId"]?.value || undefined;
  return { id, commit, marker, parameters, status: run.status, result: run.result };
}

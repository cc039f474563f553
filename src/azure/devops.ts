import { getPersonalAccessTokenHandler, type WebApi } from "azure-devops-node-api";
import type { IBuildApi } from "azure-devops-node-api/BuildApi.js";
import type { IGitApi } from "azure-devops-node-api/GitApi.js";
import type { IRequestHandler } from "azure-devops-node-api/interfaces/common/VsoBaseInterfaces.js";
import type { IPipelinesApi } from "azure-devops-node-api/PipelinesApi.js";
import type { z } from "zod";
import { ServiceError } from "../deployment/service-error.ts";
import { readAddress } from "./address.ts";
import type { TokenCredential } from "./credential.ts";
import { connectionAnswer } from "./devops-answers.ts";
import { explainDevOpsError } from "./devops-error.ts";
import { EntraHandler } from "./entra-handler.ts";
import { StrictWebApi } from "./whole-answers.ts";

/** How omnibot signs in to Azure DevOps. A personal access token belongs to a person and ends after a year at most. */
export type DevOpsAuth =
  | { readonly kind: "pat"; readonly token: string }
  | { readonly kind: "entra"; readonly credential: TokenCredential };

export interface DevOpsApis {
  readonly build: IBuildApi;
  readonly git: IGitApi;
  readonly pipelines: IPipelinesApi;
  /** Reads what the clients above do not know; the path begins after the organization. */
  get(path: string): Promise<unknown>;
}

/** One organization of Azure DevOps. Every method throws ServiceError only. */
export interface DevOps {
  /** Reads; undefined when there is no such thing. */
  read<Answer>(
    shape: z.ZodType<Answer>,
    ask: (apis: DevOpsApis) => Promise<unknown>,
  ): Promise<Answer | undefined>;
  /** Starts a run with at most one POST. A lost or empty answer has the effect "unknown". */
  start<Answer>(
    shape: z.ZodType<Answer>,
    ask: (pipelines: IPipelinesApi) => Promise<unknown>,
  ): Promise<Answer>;
  /** Id of the identity that omnibot is signed in as. */
  readIdentity(): Promise<string>;
}

/** Silence of a connection, and the whole of a call with the look-ups of its first use, in milliseconds. */
export interface Patience {
  readonly silence: number;
  readonly call: number;
}

/** The place of pipeline runs among the service's routes (PipelinesApi.js). */
const runs = "7859261e-d2e9-4a68-b820-a5d84cc5bb3d";

/** Who anonymous callers are to Azure DevOps, where a project is public. */
const anonymous = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa";

export function createDevOps(
  organization: string,
  auth: DevOpsAuth,
  now: () => number = Date.now,
  patience: Patience = { silence: 30_000, call: 60_000 },
): DevOps {
  const address = readAddress(organization);
  const { handler, refresh } = signIn(auth, address.hostname);
  let client: WebApi | undefined;
  let connected: DevOpsApis | undefined;

  function getClient(): WebApi {
    // No keep-alive: a connection that the other side just closed would leave the outcome of a POST unknown. No
    // redirects: an API answers itself, and the client would send a POST once more.
    client ??= new StrictWebApi(address.href.replace(/\/$/, ""), handler, {
      socketTimeout: patience.silence,
      allowRetries: false,
      allowRedirects: false,
      keepAlive: false,
    });
    return client;
  }

  /** The clients of the areas, made once: each learns its routes from the service on first use and keeps them. */
  async function connect(): Promise<DevOpsApis> {
    const web = getClient();
    connected ??= {
      build: await web.getBuildApi(),
      git: await web.getGitApi(),
      pipelines: await web.getPipelinesApi(),
      get: async (path) => (await web.rest.get(web.vsoClient.resolveUrl(`/${path}`))).result,
    };
    return connected;
  }

  async function attempt<Answer>(
    request: "read" | "write",
    work: () => Promise<Answer>,
  ): Promise<Answer> {
    try {
      return await within(patience.call, work());
    } catch (error) {
      throw explainDevOpsError(error, request, now());
    }
  }

  async function readIdentity(): Promise<string> {
    const answer = await attempt("read", async () => {
      await refresh();
      return await getClient().connect();
    });
    const known = connectionAnswer.safeParse(answer);
    if (known.success && known.data.authenticatedUser.id.toLowerCase() !== anonymous) {
      return known.data.authenticatedUser.id;
    }
    throw new ServiceError(
      "azure-devops",
      "denied",
      "none",
      "Azure DevOps did not accept omnibot's sign-in",
    );
  }

  async function read<Answer>(
    shape: z.ZodType<Answer>,
    ask: (apis: DevOpsApis) => Promise<unknown>,
  ): Promise<Answer | undefined> {
    const answer = await attempt("read", async () => {
      await refresh();
      return await ask(await connect());
    });
    if (answer !== null && answer !== undefined) return check(shape, answer, "none");
    // A project that is hidden from who asks is "not found" too. Who is signed in tells them apart.
    await readIdentity();
    return undefined;
  }

  async function start<Answer>(
    shape: z.ZodType<Answer>,
    ask: (pipelines: IPipelinesApi) => Promise<unknown>,
  ): Promise<Answer> {
    // Everything but the POST happens before it, so that trouble with it leaves no doubt about the POST. An expired sign-in
    // is part of that: the POST would be answered by the sign-in page, which looks like no answer.
    await readIdentity();
    const pipelines = await attempt("read", async () => {
      await refresh();
      const apis = await connect();
      const route = await apis.pipelines.vsoClient.beginGetLocation("pipelines", runs);
      if (route === undefined) throw new Error("Failed to find api location of pipeline runs");
      return apis.pipelines;
    });
    const answer = await attempt("write", () => ask(pipelines));
    if (answer !== null && answer !== undefined) return check(shape, answer, "unknown");
    const words = "Azure DevOps answered without a run; perhaps it does not know the pipeline";
    throw new ServiceError("azure-devops", "denied", "unknown", words);
  }

  return { read, start, readIdentity };
}

/** Signs requests to this one host; the client's own handlers would follow a redirect with the token by default. */
function signIn(
  auth: DevOpsAuth,
  host: string,
): { handler: IRequestHandler; refresh: () => Promise<void> } {
  if (auth.kind === "pat") {
    return { handler: getPersonalAccessTokenHandler(auth.token, false), refresh: async () => {} };
  }
  const handler = new EntraHandler(auth.credential, host);
  return { handler, refresh: () => handler.refresh() };
}

function check<Answer>(
  shape: z.ZodType<Answer>,
  answer: unknown,
  effect: ServiceError["effect"],
): Answer {
  const checked = shape.safeParse(answer);
  if (checked.success) return checked.data;
  const path = checked.error.issues[0]?.path.join(".") ?? "";
  const words = `Azure DevOps gave an answer that omnibot does not understand${path === "" ? "" : ` (${path})`}`;
  throw new ServiceError("azure-devops", "unreachable", effect, words, { cause: checked.error });
}

/** The socket's time-out counts silence only, so a call as a whole needs its own. */
export async function within<Answer>(milliseconds: number, work: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

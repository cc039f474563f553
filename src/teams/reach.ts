import { z } from "zod";
import { ServiceError } from "../deployment/service-error.ts";
import { firstWords } from "../deployment/words.ts";

/** The longest that one request may take, in milliseconds. */
const patience = 10_000;

/** Where the Bot Connector says which keys sign its tokens: without it no message can be believed. */
const openIdMetadata = "https://login.botframework.com/v1/.well-known/openidconfiguration";
/** The public cloud's own address of Teams. */
const connector = "https://smba.trafficmanager.net/teams";

const metadata = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https$/ }) });
const keys = z.object({ keys: z.array(z.looseObject({ kid: z.string() })).min(1) });

const tokenClaims = z.object({
  tid: z.string().default(""),
  appid: z.string().optional(),
  azp: z.string().optional(),
});

/** Whom a token of Entra is for. Read only to be compared with the configuration: its signature is for others to check. */
export function readToken(token: string): { readonly tenant: string; readonly app: string } {
  const payload = Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8");
  const { tid: tenant, appid, azp } = tokenClaims.parse(JSON.parse(payload));
  return { tenant, app: appid ?? azp ?? "" };
}

/** How many keys the Bot Connector signs with now. */
export async function readKeys(): Promise<number> {
  const { jwks_uri: uri } = await getJson(openIdMetadata, metadata);
  return (await getJson(uri, keys)).keys.length;
}

/** What Teams says of a channel to omnibot: `absent` where omnibot is not in its team, or there is no such channel. */
export type ChannelState = "open" | "absent";

/** Asks for one member of a channel, which needs no permission but being in its team. */
export async function readChannel(channel: string, token: string): Promise<ChannelState> {
  const url = `${connector}/v3/conversations/${encodeURIComponent(channel)}/pagedmembers?pageSize=1`;
  const answer = await send(url, { headers: { authorization: `Bearer ${token}` } });
  await answer.body?.cancel();
  if (answer.ok) return "open";
  if (answer.status === 403 || answer.status === 404) return "absent";
  throw refusal(url, answer.status);
}

/**
 * What a call without a token, or a signature, gets at omnibot's public address: the status of the answer. It is empty, and is
 * refused before anything of it is read.
 */
export async function knockAt(address: string, path = "/api/messages"): Promise<number> {
  const url = new URL(path, address).href;
  const headers = { "content-type": "application/json" };
  const answer = await send(url, { method: "POST", headers, body: "{}" });
  await answer.body?.cancel();
  return answer.status;
}

async function getJson<Answer>(url: string, shape: z.ZodType<Answer>): Promise<Answer> {
  const answer = await send(url, {});
  if (!answer.ok) {
    await answer.body?.cancel();
    throw refusal(url, answer.status);
  }
  const parsed = shape.safeParse(await answer.json().catch(() => undefined));
  if (parsed.success) return parsed.data;
  const said = `${new URL(url).host} gave an answer that omnibot does not understand`;
  throw new ServiceError("teams", "unreachable", "none", said);
}

async function send(url: string, request: RequestInit): Promise<Response> {
  try {
    const signal = AbortSignal.timeout(patience);
    return await fetch(url, { ...request, redirect: "manual", signal });
  } catch (error) {
    const said = `${new URL(url).host} did not answer`;
    const why = firstWords(reasonOf(error));
    throw new ServiceError("teams", "unreachable", "none", why === "" ? said : `${said}: ${why}`);
  }
}

/** `fetch failed` hides what happened in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if (error.name === "TimeoutError") return "no answer in time";
  return error.cause instanceof Error ? error.cause.message : error.message;
}

function refusal(url: string, status: number): ServiceError {
  const said = `${new URL(url).host} answered ${status}`;
  const trouble = status === 401 ? "denied" : status === 429 ? "throttled" : "unreachable";
  return new ServiceError("teams", trouble, "none", said);
}

import { z } from "zod";
import type { HealthEndpoint } from "../config/config.ts";
import type { HealthResult } from "../deployment/deployment.ts";
import type { Health, Version } from "../deployment/ports.ts";
import { cut } from "../deployment/words.ts";

/** The longest that an endpoint may take to answer, in milliseconds. */
const usualPatience = 10_000;

/** The most that is read of an answer that says its version, in bytes. */
const mostBytes = 64 * 1024;

/** Asks the configured endpoints; an endpoint that does not answer is a result, never an error. */
export function createHealth(
  endpoints: readonly HealthEndpoint[],
  patience = usualPatience,
): Health {
  return {
    check: (version) => Promise.all(endpoints.map((endpoint) => ask(endpoint, version, patience))),
  };
}

async function ask(
  { name, url, status, version: path }: HealthEndpoint,
  wanted: Version | undefined,
  patience: number,
): Promise<HealthResult> {
  try {
    // A redirect is an answer like any other: followed, it would prove that some other host is well.
    const answer = await fetch(url, {
      redirect: "manual",
      headers: { "user-agent": "omnibot", "cache-control": "no-cache" },
      signal: AbortSignal.timeout(patience),
    });
    const found = path === undefined || wanted === undefined ? undefined : await read(answer, path);
    // Where the status says all, the body may be of any size.
    if (!answer.bodyUsed) await answer.body?.cancel();
    if (answer.status !== status) {
      return { name, ok: false, answer: `answers ${answer.status}, expected ${status}` };
    }
    if (found === undefined || wanted === undefined || isVersion(found.version, wanted)) {
      return { name, ok: true, answer: String(status) };
    }
    const as = found.version === "" ? "without a version" : `as version ${cut(found.version, 60)}`;
    const said = `answers ${as}, expected ${wanted.tag}`;
    return { name, ok: false, answer: said, trouble: "version" };
  } catch (error) {
    return { name, ok: false, ...troubleOf(error) };
  }
}

/** What stands at a path of the answer's JSON; empty where there is nothing. */
async function read(answer: Response, path: readonly string[]): Promise<{ version: string }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.length;
    if (size > mostBytes) break;
    chunks.push(chunk);
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return { version: "" };
  }
  for (const key of path) {
    value = z.record(z.string(), z.unknown()).safeParse(value).data?.[key];
  }
  return { version: typeof value === "string" || typeof value === "number" ? String(value) : "" };
}

/** The tag, its last part (the build), or the commit, which may be shortened. */
function isVersion(said: string, { tag, commit = "" }: Version): boolean {
  const short = /^[0-9a-f]{7,40}$/.test(said) && commit.startsWith(said);
  return said === tag || said === tag.split("-").at(-1) || short;
}

const troubles: Readonly<Record<string, string>> = {
  ECONNREFUSED: "does not answer: connection refused",
  ECONNRESET: "does not answer: connection reset",
  UND_ERR_SOCKET: "does not answer: connection lost",
  ENOTFOUND: "does not answer: host not found",
  EAI_AGAIN: "does not answer: host not found",
  EHOSTUNREACH: "does not answer: host not reachable",
  ETIMEDOUT: "does not answer in time",
  UND_ERR_CONNECT_TIMEOUT: "does not answer in time",
  UND_ERR_HEADERS_TIMEOUT: "does not answer in time",
};

function troubleOf(error: unknown): Required<Pick<HealthResult, "answer" | "trouble">> {
  const { data: seen } = thrown.safeParse(error);
  if (seen?.name === "TimeoutError") {
    return { answer: "does not answer in time", trouble: "unreachable" };
  }
  const code = seen?.cause?.code ?? "";
  if (/CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS|ERR_SSL/.test(code)) {
    const why = certificateTroubles[code];
    const answer = `certificate not valid${why === undefined ? "" : `: ${why}`}`;
    return { answer, trouble: "certificate" };
  }
  const answer = troubles[code] ?? `does not answer${code === "" ? "" : `: ${code}`}`;
  return { answer, trouble: "unreachable" };
}

const certificateTroubles: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "it has expired",
  CERT_NOT_YET_VALID: "it is not valid yet",
  ERR_TLS_CERT_ALTNAME_INVALID: "it is for another host",
  DEPTH_ZERO_SELF_SIGNED_CERT: "it is signed by itself",
  SELF_SIGNED_CERT_IN_CHAIN: "its authority is not trusted",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its authority is not known",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its authority is not known",
};

/** What fetch throws says what happened in its cause. */
const thrown = z.object({
  name: z.string(),
  cause: z.object({ code: z.string().optional() }).nullish().catch(undefined),
});

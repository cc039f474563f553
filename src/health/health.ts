import { z } from "zod";
import type { HealthEndpoint } from "../config/config.ts";
import type { HealthResult } from "../deployment/deployment.ts";
import type { Health } from "../deployment/ports.ts";

/** The longest that an endpoint may take to answer, in milliseconds. */
const usualPatience = 10_000;

/** Asks the configured endpoints; an endpoint that does not answer is a result, never an error. */
export function createHealth(
  endpoints: readonly HealthEndpoint[],
  patience = usualPatience,
): Health {
  return { check: () => Promise.all(endpoints.map((endpoint) => ask(endpoint, patience))) };
}

async function ask({ name, url, status }: HealthEndpoint, patience: number): Promise<HealthResult> {
  try {
    // A redirect is an answer like any other: followed, it would prove that some other host is well.
    const answer = await fetch(url, {
      redirect: "manual",
      headers: { "user-agent": "omnibot", "cache-control": "no-cache" },
      signal: AbortSignal.timeout(patience),
    });
    // The status says all; the body may be of any size.
    await answer.body?.cancel();
    if (answer.status === status) return { name, ok: true, answer: String(status) };
    return { name, ok: false, answer: `answers ${answer.status}, expected ${status}` };
  } catch (error) {
    return { name, ok: false, answer: troubleOf(error) };
  }
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

function troubleOf(error: unknown): string {
  const { data: seen } = thrown.safeParse(error);
  if (seen?.name === "TimeoutError") return "does not answer in time";
  const code = seen?.cause?.code ?? "";
  if (/CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS|ERR_SSL/.test(code)) {
    return "certificate not valid";
  }
  return troubles[code] ?? `does not answer${code === "" ? "" : `: ${code}`}`;
}

/** What fetch throws says what happened in its cause. */
const thrown = z.object({
  name: z.string(),
  cause: z.object({ code: z.string().optional() }).nullish().catch(undefined),
});

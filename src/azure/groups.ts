import { z } from "zod";
import type { Groups } from "../deployment/ports.ts";
import { ServiceError } from "../deployment/service-error.ts";
import { firstWords, withReason } from "../deployment/words.ts";
import type { TokenCredential } from "./credential.ts";
import { getToken } from "./token.ts";

export interface GroupsOptions {
  readonly credential: TokenCredential;
  /** Address of Microsoft Graph, where it is not the public cloud's. */
  readonly url?: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Told why a look-up failed. */
  readonly failed?: (error: unknown) => void;
  /** The longest that the token, and then Graph, may take: somebody waits for the answer to a click. Milliseconds. */
  readonly patience?: number;
}

/** https://learn.microsoft.com/graph/api/directoryobject-checkmembergroups: 20 groups a call. */
const mostGroups = 20;
const usualPatience = 2000;
/** Who leaves a group keeps its rights here for so long; who joins one waits less. Milliseconds. */
const remembered = { yes: 60_000, no: 10_000 };
const mostRemembered = 1000;

const answered = z.looseObject({ value: z.array(z.string()) });
const refused = z.looseObject({ error: z.looseObject({ code: z.string(), message: z.string() }) });

/**
 * Asks Microsoft Graph who is in which group, also through other groups. What cannot be asked is a ServiceError, never a no and
 * never a yes. Answers are kept for a minute at most.
 */
export function createGroups({
  credential,
  url = "https://graph.microsoft.com",
  now,
  failed = () => {},
  patience = usualPatience,
}: GroupsOptions): Groups {
  const known = new Map<string, { readonly isMember: boolean; readonly until: number }>();

  return {
    async hasMember(groups, person) {
      const key = [person, ...groups].join(" ").toLowerCase();
      const before = known.get(key);
      if (before !== undefined && before.until > now()) return before.isMember;
      try {
        const isMember = await ask(groups, person);
        known.delete(key);
        const [oldest] = known.keys();
        if (known.size >= mostRemembered && oldest !== undefined) known.delete(oldest);
        known.set(key, { isMember, until: now() + remembered[isMember ? "yes" : "no"] });
        return isMember;
      } catch (error) {
        failed(error);
        throw error;
      }
    },
  };

  async function ask(groups: readonly string[], person: string): Promise<boolean> {
    const signal = AbortSignal.timeout(2 * patience);
    for (let first = 0; first < groups.length; first += mostGroups) {
      const asked = groups.slice(first, first + mostGroups);
      if (await isInOneOf(asked, person, signal)) return true;
    }
    return false;
  }

  async function isInOneOf(
    groups: readonly string[],
    person: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { status, body, retryAfter } = await post(groups, person, signal);
    const found = answered.safeParse(body);
    if (status === 200 && found.success) {
      const ours = new Set(groups.map((group) => group.toLowerCase()));
      return found.data.value.some((group) => ours.has(group.toLowerCase()));
    }
    const { code, message } = refused.safeParse(body).data?.error ?? { code: "", message: "" };
    // Nobody of this tenant is in no group of it.
    if (status === 404 && code === "Request_ResourceNotFound") return false;
    const trouble =
      status === 429
        ? "throttled"
        : status === 401 || status === 403
          ? "denied"
          : status >= 500 || status === 200 || status === 404
            ? "unreachable"
            : "invalid";
    const words = withReason(`Microsoft Graph answered ${status}`, firstWords(message));
    throw new ServiceError("entra", trouble, "none", words, { retryAfter });
  }

  /** One request; after a 401 one more, with a token that is asked for anew. It changes nothing, and may be repeated. */
  async function post(groups: readonly string[], person: string, signal: AbortSignal) {
    const first = await send(groups, person, signal);
    return first.status === 401 ? send(groups, person, signal) : first;
  }

  async function send(groups: readonly string[], person: string, signal: AbortSignal) {
    const token = await getToken(credential, `${new URL(url).origin}/.default`, "entra", patience);
    try {
      const address = `${url.replace(/\/+$/, "")}/v1.0/users/${encodeURIComponent(person)}/checkMemberGroups`;
      const answer = await fetch(address, {
        method: "POST",
        redirect: "error",
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": "application/json",
          "user-agent": "omnibot",
        },
        body: JSON.stringify({ groupIds: groups }),
        signal,
      });
      const seconds = Number(answer.headers.get("retry-after") ?? Number.NaN);
      const retryAfter = Number.isFinite(seconds) ? Math.min(seconds, 900) * 1000 : undefined;
      return { status: answer.status, body: parse(await answer.text()), retryAfter };
    } catch (error) {
      const words = withReason("Microsoft Graph did not answer", reasonOf(error));
      throw new ServiceError("entra", "unreachable", "none", words, { cause: error });
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const thrown = z.object({
  name: z.string(),
  message: z.string(),
  cause: z.object({ message: z.string() }).nullish().catch(undefined),
});

/** fetch says "fetch failed" and hides the reason in the cause. */
function reasonOf(error: unknown): string {
  const { data: seen } = thrown.safeParse(error);
  if (seen?.name === "TimeoutError") return "no answer in time";
  return firstWords(seen?.cause?.message ?? seen?.message ?? "");
}

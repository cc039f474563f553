import { createHash, createHmac } from "node:crypto";
import { ServiceError } from "../deployment/service-error.ts";
import { httpError, toServiceError } from "./errors.ts";

/** The longest that the Receiver may take, in milliseconds. */
const usualPatience = 10_000;

/**
 * Tells Flux by a Receiver of type generic-hmac that there is something new: `X-Signature` is the HMAC of exactly these
 * bytes. Telling it twice does no harm.
 */
export async function callReceiver(
  url: string,
  token: string,
  now: number,
  patience = usualPatience,
): Promise<void> {
  const body = JSON.stringify({ from: "omnibot", at: new Date(now).toISOString() });
  const signature = createHmac("sha256", token).update(body).digest("hex");
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", "x-signature": `sha256=${signature}` },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(patience),
    });
    await answer.body?.cancel();
    if (answer.ok) return;
    const retryAfter = answer.headers.get("retry-after") ?? undefined;
    const message = `Flux's Receiver answers ${answer.status}`;
    throw httpError("flux", answer.status, message, "unknown", retryAfter);
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw toServiceError(error, "flux", "Calling Flux's Receiver", "unknown");
  }
}

/** `token`: whether it is the one that the address was made of; undefined where the Receiver is called otherwise than in infra/. */
export interface ReceiverState {
  readonly state: "listens" | "unknown" | "suspended" | "other";
  readonly status: number;
  readonly token: "fits" | undefined;
}

/**
 * Knocks at a Receiver without a signature: it answers 400, and does nothing. One that is not there answers 404, a suspended
 * one 503 (notification-controller, internal/server/receiver_handlers.go).
 */
export async function probeReceiver(
  url: string,
  token: string,
  patience = usualPatience,
): Promise<ReceiverState> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      body: "{}",
      redirect: "manual",
      signal: AbortSignal.timeout(patience),
    });
    await answer.body?.cancel();
    const states = { 400: "listens", 401: "listens", 404: "unknown", 503: "suspended" } as const;
    const known = Object.entries(states).find(([status]) => Number(status) === answer.status);
    return {
      state: known?.[1] ?? "other",
      status: answer.status,
      token: isMadeOf(url, token) ? "fits" : undefined,
    };
  } catch (error) {
    throw toServiceError(error, "flux", "Knocking at Flux's Receiver", "none");
  }
}

/** Flux makes the address of a Receiver of its token, name and namespace; infra/kubernetes/delivery calls it omnibot. */
function isMadeOf(url: string, token: string): boolean {
  const digest = createHash("sha256").update(`${token}omnibotflux-system`).digest("hex");
  return new URL(url).pathname === `/hook/${digest}`;
}

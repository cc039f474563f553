import { createHmac } from "node:crypto";
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

import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Hook } from "../deployment/hints.ts";

const event = z.object({
  involvedObject: z.object({
    kind: z.string(),
    name: z.string(),
    namespace: z.string().optional(),
  }),
});

/**
 * An event of Flux, from a Provider of type `generic-hmac`: `X-Signature: sha256=<hex>` over the very bytes (notification-controller,
 * internal/notifier/forwarder.go).
 */
export function createFluxHook(secret: string): Hook {
  return async ({ headers, body }) => {
    if (!isSigned(headers["x-signature"], body, secret)) return { state: "refused" };
    const said = event.safeParse(parse(body));
    if (!said.success) return { state: "unreadable" };
    const { kind, name, namespace } = said.data.involvedObject;
    // Which source and which Kustomization a release hangs on is for the look to find out.
    if (kind !== "HelmRelease") return { state: "heard", hints: [{ about: "release" }] };
    return { state: "heard", hints: [{ about: "release", release: { name, namespace } }] };
  };
}

function isSigned(header: unknown, body: Buffer, secret: string): boolean {
  const hex = typeof header === "string" ? /^sha256=([0-9a-f]{64})$/i.exec(header)?.[1] : undefined;
  if (hex === undefined) return false;
  const expected = createHmac("sha256", secret).update(body).digest();
  return timingSafeEqual(Buffer.from(hex, "hex"), expected);
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

import type { Fault } from "../../sandbox/stand-in.ts";
import type { Call } from "./calls.ts";
import { patience } from "./stage.ts";

export type Misdeed = Omit<Fault, "path" | "times">;

/** Something that goes wrong with a request. */
export interface Trouble {
  readonly name: string;
  /** What it has in common with others: the bounded form plays one of a kind at each port. */
  readonly kind?: string;
  /** What the stand-in does; `gone` means that the service is not there at all for a while. */
  readonly fault: Misdeed | "gone";
  readonly times: number;
  /** Milliseconds that the service asks for. */
  readonly asks?: number;
  /** Only for requests that change something. */
  readonly writes?: true;
  /** Whether omnibot should notice at all. */
  readonly silent?: true;
  /** An answer that says that the request is wrong; asked again, it would be as wrong. */
  readonly refuses?: true;
  readonly absent?: true;
  /** It stays: how the deployment ends. */
  readonly ends?: string;
}

/** Somebody's sign-in page, or a gateway's. */
export const page = {
  headers: { "content-type": "text/html; charset=utf-8" },
  body: "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in to your account</body></html>",
};

/** An error, in a form that every service's client can read. */
export function answer(
  status: number,
  headers: Record<string, string> = {},
  message = `the sandbox answers ${status}`,
): Misdeed {
  const body = JSON.stringify({ message, errors: [{ code: "SANDBOX", message }] });
  return { answer: { status, headers: { "content-type": "application/json", ...headers }, body } };
}

export const forEver = 1e9;

export const troubles: readonly Trouble[] = [
  {
    name: "429, Retry-After",
    kind: "patience",
    fault: answer(429, { "retry-after": "45" }),
    times: 1,
    asks: 45_000,
  },
  {
    name: "503, Retry-After",
    kind: "patience",
    fault: answer(503, { "retry-after": "40" }),
    times: 1,
    asks: 40_000,
  },
  { name: "401 once", kind: "access", fault: answer(401), times: 1 },
  { name: "403 twice", kind: "access", fault: answer(403), times: 2 },
  { name: "404 once", fault: answer(404), times: 1, absent: true },
  { name: "203, sign-in page", fault: { answer: { status: 203, ...page } }, times: 1 },
  { name: "409", kind: "refusal", fault: answer(409), times: 1, refuses: true },
  { name: "412", kind: "refusal", fault: answer(412), times: 1, refuses: true },
  { name: "500", kind: "server", fault: answer(500), times: 1 },
  { name: "502", kind: "server", fault: { answer: { status: 502, ...page } }, times: 2 },
  {
    name: "502 after its effect",
    fault: { answer: { status: 502, ...page, after: true } },
    times: 1,
    writes: true,
  },
  { name: "connection refused", kind: "connection", fault: "gone", times: 2 },
  { name: "reset before", kind: "connection", fault: { reset: "before" }, times: 1 },
  { name: "reset after its effect", fault: { reset: "after" }, times: 1, writes: true },
  { name: "no answer", kind: "silence", fault: { hang: true }, times: 1 },
  { name: "no answer to its effect", fault: { hang: "after" }, times: 1, writes: true },
  {
    name: "slow answer",
    kind: "silence",
    fault: { delay: patience.hanging / 3 },
    times: 1,
    silent: true,
  },
  { name: "body broken off", kind: "body", fault: { body: "broken-off" }, times: 1 },
  { name: "body malformed", kind: "body", fault: { body: "malformed" }, times: 1 },
  { name: "403 for good", fault: answer(403), times: forEver, ends: "failed: service-denied" },
  {
    name: "502 for good",
    fault: answer(502),
    times: forEver,
    ends: "failed: service-unreachable",
  },
];

/** The fault of a stand-in that does this to this call. */
export function faultOf({ method, path, query }: Call, misdeed: Misdeed, times: number): Fault {
  return { ...misdeed, method, path, ...(query === undefined ? {} : { query }), times };
}

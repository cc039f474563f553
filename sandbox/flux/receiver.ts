import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Kubernetes } from "../kubernetes/kubernetes.ts";
import { StandIn, type StandInAnswer, type StandInRequest } from "../stand-in.ts";
import { requestedAt, setConditions } from "./conditions.ts";

export interface ReceiverOptions {
  readonly namespace: string;
  readonly name: string;
  /** The shared secret, which also makes the path. */
  readonly token: string;
  /** The GitRepository that is asked to look. */
  readonly repository: string;
}

/**
 * The receiver of notification-controller, of type generic-hmac: a request whose X-Signature fits asks the GitRepository
 * to look at once. Answers 404 for another path, 503 while it is suspended, 400 for another signature, 200.
 */
export function createReceiver(kubernetes: Kubernetes, options: ReceiverOptions): StandIn {
  const { store, clock } = kubernetes;
  const { namespace, name, token, repository } = options;
  const webhookPath = `/hook/${createHash("sha256")
    .update(token + name + namespace)
    .digest("hex")}`;
  const standIn = new StandIn("flux-receiver");
  store.create("receivers", {
    metadata: { namespace, name },
    spec: {
      type: "generic-hmac",
      resources: [
        { apiVersion: "source.toolkit.fluxcd.io/v1", kind: "GitRepository", name: repository },
      ],
      secretRef: { name: `${name}-token` },
    },
    status: {},
  });
  const initialized = `Receiver initialized for path: ${webhookPath}`;
  store.update("receivers", namespace, name, (draft) => {
    draft.status = { observedGeneration: 1, webhookPath };
    setConditions(draft, clock, ["Ready", "True", "Succeeded", initialized]);
  });

  function receive(request: StandInRequest): StandInAnswer {
    const receiver = store.get("receivers", namespace, name);
    if (receiver === undefined || request.path !== receiver.status.webhookPath)
      return { status: 404 };
    if (receiver.spec.suspend === true) return { status: 503 };
    if (!isSigned(request, token)) return { status: 400 };
    const at = new Date(clock.now()).toISOString();
    const annotated = store.update("gitrepositories", namespace, repository, ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, [requestedAt]: at };
    });
    return { status: annotated === undefined ? 500 : 200 };
  }

  standIn.route("POST", "/hook/:digest", receive);
  return standIn;
}

/** `X-Signature: sha256=<hex>` (or sha1, sha512) over the body as it came. */
function isSigned({ headers, body }: StandInRequest, token: string): boolean {
  const header = headers["x-signature"];
  const match = /^(sha1|sha256|sha512)=([0-9a-f]+)$/i.exec(
    typeof header === "string" ? header : "",
  );
  const [, algorithm, signature] = match ?? [];
  if (algorithm === undefined || signature === undefined) return false;
  const expected = createHmac(algorithm.toLowerCase(), token).update(body).digest();
  const given = Buffer.from(signature, "hex");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

import { withoutSecrets } from "./secrets.ts";

export type Service =
  | "azure-devops"
  | "registry"
  | "github"
  | "kubernetes"
  | "flux"
  | "health"
  | "teams"
  | "entra"
  | "ledger";

/**
 * A call to a service went wrong in a way that is nobody's decision: it did not answer, it refused us, it asked for
 * patience. Expected answers ("there is no such tag") are values of the ports' unions, never this. Its message may be shown:
 * what looks like a secret is left out.
 */
export class ServiceError extends Error {
  readonly service: Service;
  /** `unreachable`: no usable answer. `throttled`: come back later. `denied`: not allowed. `invalid`: refused as wrong. */
  readonly trouble: "unreachable" | "throttled" | "denied" | "invalid";
  /** Whether the call may have had its effect: `none` is certain, `unknown` must be looked up before it is repeated. */
  readonly effect: "none" | "unknown";
  /** Milliseconds that the service asked us to wait. */
  readonly retryAfter: number | undefined;

  constructor(
    service: Service,
    trouble: ServiceError["trouble"],
    effect: ServiceError["effect"],
    message: string,
    options: { readonly cause?: unknown; readonly retryAfter?: number | undefined } = {},
  ) {
    super(withoutSecrets(message), { cause: options.cause });
    this.name = "ServiceError";
    this.service = service;
    this.trouble = trouble;
    this.effect = effect;
    this.retryAfter = options.retryAfter;
  }
}

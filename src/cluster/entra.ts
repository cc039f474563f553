import type { User } from "@kubernetes/client-node";
import { ServiceError } from "../deployment/service-error.ts";
import { withReason } from "../deployment/words.ts";

/** What of @azure/core-auth's TokenCredential is needed here; the composition root hands the real one in. */
export interface TokenCredential {
  getToken(
    scope: string,
    options?: { readonly abortSignal?: AbortSignal },
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}

/** The AKS server application, the same in every tenant. */
const scope = "6dae42f8-4368-4678-94ff-3960e28e3630/.default";
/** A token is renewed so long before it expires; milliseconds. */
const margin = 5 * 60_000;
/** The longest that Entra may take; milliseconds. */
const patience = 15_000;

export const entraUser = "entra";

/** Signs every request to AKS in with a token of Entra, one for all until it is about to expire. */
export class EntraAuthenticator {
  readonly #credential: TokenCredential;
  readonly #now: () => number;
  #token: Promise<{ readonly token: string; readonly expiresOnTimestamp: number }> | undefined;
  #renewAt = 0;

  constructor(credential: TokenCredential, now: () => number = Date.now) {
    this.#credential = credential;
    this.#now = now;
  }

  isAuthProvider(user: User): boolean {
    return user.name === entraUser;
  }

  async applyAuthentication(_user: User, options: { headers?: unknown }): Promise<void> {
    const { token } = await this.#current();
    const headers = typeof options.headers === "object" ? options.headers : {};
    options.headers = { ...headers, Authorization: `Bearer ${token}` };
  }

  async #current(): Promise<{ readonly token: string }> {
    if (this.#token === undefined || this.#now() >= this.#renewAt) {
      // Nobody else asks while this one is on its way.
      this.#renewAt = Number.POSITIVE_INFINITY;
      this.#token = this.#fetch();
      this.#token.then(
        (fetched) => (this.#renewAt = fetched.expiresOnTimestamp - margin),
        () => (this.#token = undefined),
      );
    }
    return this.#token;
  }

  async #fetch() {
    const signal = AbortSignal.timeout(patience);
    const late = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(new Error("no answer in time")), {
        once: true,
      });
    });
    try {
      const asked = this.#credential.getToken(scope, { abortSignal: signal });
      const answer = await Promise.race([asked, late]);
      if (answer === null) throw new Error("no token");
      return answer;
    } catch (error) {
      const words = error instanceof Error ? error.message : "";
      const refused =
        error instanceof Error && /Authentication|CredentialUnavailable/.test(error.name);
      const message = withReason(
        "omnibot could not sign in to Entra for the cluster",
        words.split("\n", 1)[0] ?? "",
      );
      throw new ServiceError("kubernetes", refused ? "denied" : "unreachable", "none", message, {
        cause: error,
      });
    }
  }
}

import { ServiceError, type Service } from "../deployment/service-error.ts";
import { withReason } from "../deployment/words.ts";
import type { TokenCredential } from "@azure/identity";

/** The longest that Entra may take to give a token, in milliseconds. */
const usualPatience = 30_000;

/**
 * A token of this scope for omnibot itself. Throws ServiceError in the name of the service that needs it, effect "none":
 * without a token nothing was asked of that service.
 */
export async function getToken(
  credential: TokenCredential,
  scope: string,
  service: Service,
  patience = usualPatience,
): Promise<string> {
  const signal = AbortSignal.timeout(patience);
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("no answer in time")), { once: true });
  });
  try {
    const answer = await Promise.race([credential.getToken(scope, { abortSignal: signal }), late]);
    if (answer === null) throw new Error("no token");
    return answer.token;
  } catch (error) {
    // One identity may stand on another: what went wrong there has its words already.
    if (error instanceof ServiceError) throw error;
    throw new ServiceError(
      service,
      isRefusal(error) ? "denied" : "unreachable",
      "none",
      sentence(error),
      {
        cause: error,
      },
    );
  }
}

/** @azure/identity names the errors that are about who we are; the rest is network. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(AuthenticationError|CredentialUnavailableError|AggregateAuthenticationError)$/.test(
      error.name,
    )
  );
}

function sentence(error: unknown): string {
  const words = error instanceof Error ? error.message : "";
  return withReason("omnibot could not sign in to Entra", words.split("\n", 1)[0] ?? "");
}

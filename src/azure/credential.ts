import {
  AzureCliCredential,
  ClientSecretCredential,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
  type TokenCredential,
} from "@azure/identity";
import type { AzureIdentity } from "../config/settings.ts";

export type { TokenCredential } from "@azure/identity";

/**
 * The credential that the operator chose. Not DefaultAzureCredential: it tries one source after another, so that a broken
 * identity falls through to somebody else's rights, or fails minutes later with the errors of all of them. The credential
 * caches its tokens and renews them; ask it before every operation.
 */
export function createCredential(identity: AzureIdentity): TokenCredential {
  switch (identity.kind) {
    case "managed-identity":
      return identity.clientId === undefined
        ? new ManagedIdentityCredential()
        : new ManagedIdentityCredential({ clientId: identity.clientId });
    case "workload-identity":
      return new WorkloadIdentityCredential();
    case "client-secret":
      return new ClientSecretCredential(identity.tenant, identity.clientId, identity.secret);
    case "azure-cli":
      return new AzureCliCredential();
  }
}

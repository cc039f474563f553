import {
  AzureCliCredential,
  ClientSecretCredential,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
  type TokenCredential,
} from "@azure/identity";

export type { TokenCredential } from "@azure/identity";

/** Who omnibot is in Entra. */
export type CredentialOptions =
  /** The identity of the Azure resource that omnibot runs on; `clientId` names a user-assigned one. */
  | { readonly kind: "managed-identity"; readonly clientId?: string | undefined }
  /** The service account of a pod on AKS: tenant, client and token file come from the variables that AKS injects. */
  | { readonly kind: "workload-identity" }
  | {
      readonly kind: "client-secret";
      readonly tenant: string;
      readonly clientId: string;
      readonly secret: string;
    }
  /** Whoever is signed in with `az login`: for trying omnibot out. */
  | { readonly kind: "azure-cli" };

/**
 * The credential that the operator chose. Not DefaultAzureCredential: it tries one source after another, so that a broken
 * identity falls through to somebody else's rights, or fails minutes later with the errors of all of them. The credential
 * caches its tokens and renews them; ask it before every operation.
 */
export function createCredential(options: CredentialOptions): TokenCredential {
  switch (options.kind) {
    case "managed-identity":
      return options.clientId === undefined
        ? new ManagedIdentityCredential()
        : new ManagedIdentityCredential({ clientId: options.clientId });
    case "workload-identity":
      return new WorkloadIdentityCredential();
    case "client-secret":
      return new ClientSecretCredential(options.tenant, options.clientId, options.secret);
    case "azure-cli":
      return new AzureCliCredential();
  }
}

import {
  AzureCliCredential,
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
  type TokenCredential,
} from "@azure/identity";
import type { AzureIdentity, BotIdentity } from "../config/settings.ts";
import { scope } from "./entra-handler.ts";
import { getToken } from "./token.ts";

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

export type RegisteredBot = Exclude<BotIdentity, { readonly kind: "anonymous" }>;

/** The credential of the bot's registration. Where that trusts another identity, `azure` says how that one is had. */
export function createBotCredential(bot: RegisteredBot, azure: AzureIdentity): TokenCredential {
  const { appId, tenant } = bot;
  // A pod's service account can stand for every identity that trusts it.
  const inPod = azure.kind === "workload-identity";
  switch (bot.kind) {
    case "secret":
      return new ClientSecretCredential(tenant, appId, bot.password);
    case "certificate":
      return new ClientCertificateCredential(tenant, appId, bot.file);
    case "managed-identity":
      return inPod
        ? new WorkloadIdentityCredential({ clientId: appId })
        : new ManagedIdentityCredential({ clientId: appId });
    case "federated": {
      if (inPod) return new WorkloadIdentityCredential({ clientId: appId, tenantId: tenant });
      const trusted = createCredential(azure);
      return new ClientAssertionCredential(tenant, appId, () =>
        getToken(trusted, "api://AzureADTokenExchange/.default", "teams"),
      );
    }
  }
}

/** A valid token for the Bot Connector, from the credential's cache while it has one. */
export function botToken(credential: TokenCredential): () => Promise<string> {
  return () => getToken(credential, "https://api.botframework.com/.default", "teams");
}

/** A valid token for Azure DevOps: the way to Entra is the same for everything else in Azure. */
export function devOpsToken(credential: TokenCredential): () => Promise<string> {
  return () => getToken(credential, scope, "azure-devops");
}

/** A valid token for Azure Database for PostgreSQL, which takes it as the password. */
export function databaseToken(credential: TokenCredential): () => Promise<string> {
  return () => getToken(credential, "https://ossrdbms-aad.database.windows.net/.default", "ledger");
}

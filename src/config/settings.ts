/** What the environment holds: addresses of this installation, and its secrets. Never written to a log. */
export interface Settings {
  readonly config: string;
  readonly host: string;
  readonly port: number;
  /** Where metrics are served; nowhere where it is missing. */
  readonly metricsPort: number | undefined;
  /** Why nothing new is begun; undefined while omnibot works as usual. */
  readonly maintenance: string | undefined;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  readonly ledger: { readonly file: string } | { readonly url: string };
  readonly bot: BotIdentity;
  readonly azure: AzureIdentity;
  /** A personal access token of Azure DevOps, where no Entra identity can be used. */
  readonly azureDevOpsToken: string | undefined;
  readonly registry: { readonly username: string; readonly password: string } | undefined;
  readonly github: GitHubIdentity;
  readonly githubUrl: string | undefined;
  /** Microsoft Graph of a national cloud. */
  readonly graphUrl: string | undefined;
  readonly fluxReceiverToken: string | undefined;
  /** What each service shows or signs with when it tells of a change; one without a secret is not listened to. */
  readonly hookSecrets: {
    readonly azureDevOps: string | undefined;
    readonly github: string | undefined;
    readonly flux: string | undefined;
  };
}

export type BotIdentity =
  | {
      readonly kind: "secret";
      readonly appId: string;
      readonly tenant: string;
      readonly password: string;
    }
  | {
      readonly kind: "certificate";
      readonly appId: string;
      readonly tenant: string;
      /** Path of a PEM file with the certificate and its private key. */
      readonly file: string;
    }
  /** A user-assigned managed identity whose client id is the bot's app id; on AKS by the pod's service account. */
  | { readonly kind: "managed-identity"; readonly appId: string; readonly tenant: string }
  /** An app registration that trusts omnibot's identity for Azure; on AKS, the pod's service account. */
  | { readonly kind: "federated"; readonly appId: string; readonly tenant: string }
  /** Accepts anybody, on loopback only: for the sandbox. */
  | { readonly kind: "anonymous" };

/** Who omnibot is in Entra. */
export type AzureIdentity =
  /** The identity of the Azure resource that omnibot runs on; `clientId` names a user-assigned one. */
  | { readonly kind: "managed-identity"; readonly clientId?: string | undefined }
  /** The service account of a pod on AKS: tenant, client and token file come from the variables that AKS injects. */
  | { readonly kind: "workload-identity" }
  /** Whoever is signed in with `az login`: for trying omnibot out. */
  | { readonly kind: "azure-cli" }
  | {
      readonly kind: "client-secret";
      readonly tenant: string;
      readonly clientId: string;
      readonly secret: string;
    };

/** How omnibot signs in to GitHub: with a token, or as the installation of an App. */
export type GitHubIdentity =
  | { readonly kind: "token"; readonly token: string }
  | {
      readonly kind: "app";
      readonly appId: string;
      readonly privateKey: string;
      readonly installationId: number;
    };

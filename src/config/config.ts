/** What the operator says in omnibot.yaml, checked and with its defaults filled in. Durations are milliseconds. */
export interface Config {
  readonly teams: TeamsConfig;
  readonly environments: Readonly<Record<string, Environment>>;
}

export interface TeamsConfig {
  /** Entra tenant id: nobody from another tenant is answered. */
  readonly tenant: string;
  /** Ids of the teams that omnibot is for (`19:…@thread.tacv2`, not the group's); every team of the tenant where it is empty. */
  readonly teams: readonly string[];
  /** Conversation ids of the channels that omnibot listens to (`19:…@thread.tacv2`). */
  readonly channels: readonly string[];
  /** IANA time zone in which cards show a time of day. */
  readonly timeZone: string;
}

export interface Environment {
  readonly name: string;
  /** Where changes past omnibot are told, one of the channels; where its last thread is, unless the operator says so. */
  readonly channel: string | undefined;
  readonly build: BuildConfig;
  readonly image: ImageConfig;
  readonly gitops: GitOpsConfig;
  readonly flux: FluxConfig;
  readonly approval: ApprovalConfig;
  readonly rollout: { readonly soak: number };
  /** What follows a failure after the merge: `offered` is a button, `automatic` goes back without asking anybody. */
  readonly rollback: "offered" | "automatic";
  readonly health: readonly HealthEndpoint[];
  readonly deadlines: Deadlines;
  /** When nobody deploys, in the time zone of the cards. */
  readonly freeze: readonly FreezeWindow[];
  /** Who may go past locks, freezes and blocks, in an emergency. */
  readonly override: readonly string[];
  readonly permissions: Permissions;
}

/**
 * Who may do what, beside `approval` and `override`. Every list holds Entra object ids of people, and of groups as
 * `group:<id>`. What is not listed, everybody in the channel may do; `cancel` and `retry` also who asked, and who approves
 * where nobody else is named.
 */
export interface Permissions {
  readonly deploy?: readonly string[] | undefined;
  readonly rollback?: readonly string[] | undefined;
  readonly lock?: readonly string[] | undefined;
  readonly unlock?: readonly string[] | undefined;
  /** A build is blocked for all environments: each of them has to allow it. */
  readonly block?: readonly string[] | undefined;
  readonly unblock?: readonly string[] | undefined;
  readonly cancel?: readonly string[] | undefined;
  readonly retry?: readonly string[] | undefined;
}

/** From and until are local times: `fri` and `16:00`, or `2026-12-19 18:00`. */
export type FreezeWindow =
  | {
      readonly kind: "weekly";
      readonly from: WeekTime;
      readonly until: WeekTime;
      readonly reason: string;
    }
  | {
      readonly kind: "dated";
      readonly from: string;
      readonly until: string;
      readonly reason: string;
    };

export interface WeekTime {
  readonly day: "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";
  readonly time: string;
}

export interface BuildConfig {
  /** Address of the Azure DevOps organization, for example https://dev.azure.com/omnispatial. */
  readonly organization: string;
  readonly project: string;
  /** Id of the pipeline (its definition id). */
  readonly pipeline: number;
  readonly branch: string;
  /** Template parameters of every run; `environment` is one of them unless the operator replaces them. */
  readonly parameters: Readonly<Record<string, string>>;
  /** How a run is found again after a doubt. */
  readonly marker: BuildMarker;
}

/**
 * `parameter` and `variable` write the deployment's key into the run when it is created. `none` leaves the pipeline as it
 * is; a run whose start is in doubt is then found by who, what and when, or a person is asked.
 */
export type BuildMarker =
  | { readonly kind: "parameter"; readonly name: string }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "none" };

export interface ImageConfig {
  /** Host of the registry; `http://` in front of it is accepted for loopback only. */
  readonly registry: string;
  readonly repository: string;
  /** Form of a tag: `{environment}`, and exactly one of `{buildId}` or `{buildNumber}`. */
  readonly tag: string;
  /** How to sign in: an Entra identity (ACR), user and password from the environment, or not at all. */
  readonly access: "entra" | "basic" | "anonymous";
}

export interface GitOpsConfig {
  /** owner/name on GitHub. */
  readonly repository: string;
  readonly branch: string;
  /** Path of helm-release.yaml in the repository. */
  readonly file: string;
  /** Where the tag stands in the HelmRelease, for example ["spec", "values", "image", "tag"]. */
  readonly path: readonly string[];
  /** metadata.name of the HelmRelease, where the file holds several. */
  readonly release: string | undefined;
  readonly mergeMethod: "merge" | "squash" | "rebase";
  /** Whether deployments are also recorded on GitHub, for its pages and for tools that read them. */
  readonly records: boolean;
  /** How often the file is looked at for changes past omnibot. */
  readonly poll: number;
}

export interface FluxConfig {
  readonly cluster: ClusterConfig;
  /** How Flux is told that there is a new commit. */
  readonly poke: FluxPoke;
  /** Namespace of the HelmRelease where the file does not say it (a Kustomization's targetNamespace). */
  readonly namespace: string | undefined;
}

export type FluxPoke =
  | { readonly kind: "none" }
  | { readonly kind: "annotation" }
  /** A Receiver of type generic-hmac; its token comes from FLUX_RECEIVER_TOKEN. */
  | { readonly kind: "receiver"; readonly url: string };

export type ClusterConfig =
  | { readonly kind: "in-cluster" }
  | { readonly kind: "kubeconfig"; readonly context: string | undefined }
  /** AKS with Entra: the API server's address and its CA certificate (PEM, base64), the token by @azure/identity. */
  | { readonly kind: "aks"; readonly server: string; readonly certificateAuthority: string };

export interface ApprovalConfig {
  /** Entra object ids of the people who may approve, and of groups as `group:<id>`. */
  readonly approvers: readonly string[];
  /** How many different approvers are needed. */
  readonly required: number;
  /** How long a request waits for its approvals. */
  readonly expires: number;
  /** Whether the people among the approvers are mentioned, once, when they are asked. */
  readonly mention: boolean;
}

export interface HealthEndpoint {
  readonly name: string;
  readonly url: string;
  /** The status that means well. */
  readonly status: number;
  /** Where the JSON of the answer says which version it is, for example ["version"]; not looked at where it is left out. */
  readonly version?: readonly string[] | undefined;
}

/** The longest that a step may take before the deployment fails, by the step's name, where it differs from its default. */
export type Deadlines = Readonly<Record<string, number>>;

import type { StandIn } from "../../sandbox/stand-in.ts";
import type { Scenario } from "../../sandbox/scenario.ts";
import type { Stage } from "./stage.ts";

export const ports = [
  "teams",
  "azure-devops",
  "registry",
  "github",
  "kubernetes",
  "flux",
  "health",
  "ledger",
] as const;

export type Port = (typeof ports)[number];

/** One kind of request that omnibot sends to a port. */
export interface Call {
  readonly port: Port;
  /** What it is for, as the table says it. */
  readonly name: string;
  readonly to: (stage: Stage) => StandIn;
  readonly method: string;
  /** Regular expressions. */
  readonly path: string;
  readonly query?: string;
  /** Whether it changes something. */
  readonly writes: boolean;
  /** The port's method that sends it: the service goes away just before. */
  readonly during: string;
  /** From when on it goes wrong; when somebody asks, unless this says otherwise. */
  readonly from?: "approval";
  /** How many requests meet it before the one that counts, and do without: what is live is only shown. */
  readonly courtesies?: number;
  /** What the build brings, and how the deployment ends then when nothing else goes wrong. */
  readonly scenario?: Scenario;
  readonly ends?: string;
  /**
   * What omnibot does when it goes wrong: tries again; does without (what it is for is a courtesy); or takes it for a result
   * like any other.
   */
  readonly manner: "again" | "without" | "result";
  /** How an answer of 404, taken at its word, ends the deployment. */
  readonly absent?: string;
  readonly poke?: "receiver";
}

const devOps = ({ world }: Stage) => world.azureDevOps.standIn;
const registry = ({ world }: Stage) => world.registry.standIn;
const github = ({ world }: Stage) => world.github.standIn;
const kubernetes = ({ world }: Stage) => world.kubernetes.standIn;
const receiver = ({ world }: Stage) => world.flux.receiver;
const app = ({ world }: Stage) => world.app.standIn;
const teams = ({ teams: { standIn } }: Stage) => standIn;

type Rest = Pick<Call, "name" | "method" | "path" | "during"> & Partial<Call>;
const at =
  (port: Port, to: Call["to"]) =>
  (rest: Rest): Call => ({ port, to, writes: rest.method !== "GET", manner: "again", ...rest });

const onTeams = at("teams", teams);
const onDevOps = at("azure-devops", devOps);
const onRegistry = at("registry", registry);
const onGitHub = at("github", github);
const onKubernetes = at("kubernetes", kubernetes);
const isList = "^(?!.*watch=)";

/** Every request that a deployment needs, in the order in which it needs them. */
export const calls: readonly Call[] = [
  onTeams({
    name: "post the card",
    method: "POST",
    path: "/activities$",
    during: "conversations.post",
  }),
  onTeams({
    name: "edit the card",
    method: "PUT",
    path: "/activities/",
    during: "conversations.edit",
  }),
  onTeams({
    name: "post a reply",
    method: "POST",
    path: "/activities$",
    during: "conversations.post",
    from: "approval",
  }),
  onTeams({
    name: "members",
    method: "GET",
    path: "/members/",
    during: "none",
    from: "approval",
    manner: "without",
  }),

  onDevOps({
    name: "locations",
    method: "OPTIONS",
    path: "/_apis/",
    during: "none",
    writes: false,
  }),
  onDevOps({
    name: "definition",
    method: "GET",
    path: "/build/definitions/",
    during: "pipelines.readHead",
    absent: "failed: pipeline-not-found",
  }),
  onDevOps({
    name: "head of branch",
    method: "GET",
    path: "/stats/branches",
    during: "none",
    absent: "failed: branch-not-found",
  }),
  onDevOps({
    name: "changes",
    method: "GET",
    path: "/commits$",
    during: "pipelines.readChanges",
    manner: "without",
  }),
  onDevOps({
    name: "right to queue",
    method: "GET",
    path: "/_apis/permissions/",
    during: "none",
    manner: "without",
  }),
  onDevOps({
    name: "preview",
    method: "POST",
    path: "/preview$",
    during: "none",
    writes: false,
    manner: "without",
  }),
  onDevOps({
    name: "list runs",
    method: "GET",
    path: "/build/builds$",
    during: "pipelines.findRun",
    absent: "failed: service-refused",
  }),
  onDevOps({
    name: "who are we",
    method: "GET",
    path: "/connectionData$",
    during: "none",
    from: "approval",
  }),
  onDevOps({
    name: "start a run",
    method: "POST",
    path: "/runs$",
    during: "pipelines.startRun",
    absent: "failed: run-not-started",
  }),
  onDevOps({
    name: "read a run",
    method: "GET",
    path: "/build/builds/\\d+$",
    during: "pipelines.readRun",
    from: "approval",
    absent: "failed: service-refused",
  }),
  onDevOps({
    name: "timeline",
    method: "GET",
    path: "/[Tt]imeline",
    during: "none",
    scenario: "build-fails",
    ends: "failed: pipeline-failed",
  }),
  onDevOps({
    name: "log",
    method: "GET",
    path: "/logs",
    during: "none",
    scenario: "build-fails",
    ends: "failed: pipeline-failed",
    manner: "without",
  }),

  onRegistry({
    name: "exchange a token",
    method: "POST",
    path: "/oauth2/exchange$",
    during: "none",
    writes: false,
    courtesies: 1,
  }),
  onRegistry({
    name: "right to pull",
    method: "POST",
    path: "/oauth2/token$",
    during: "none",
    writes: false,
    courtesies: 1,
  }),
  onRegistry({
    name: "manifest",
    method: "GET",
    path: "/manifests/production-",
    during: "registry.resolve",
    from: "approval",
  }),
  onRegistry({
    name: "platform's manifest",
    method: "GET",
    path: "/manifests/sha256",
    during: "none",
    from: "approval",
  }),

  onGitHub({
    name: "newest commit",
    method: "GET",
    path: "/commits$",
    during: "gitops.readTag",
  }),
  onGitHub({
    name: "file",
    method: "GET",
    path: "/contents/",
    during: "none",
    absent: "failed: file-not-found",
    // The preflight reads it first.
    courtesies: 1,
  }),
  onGitHub({
    name: "right to push",
    method: "GET",
    path: "^/repos/omnispatial/gitops$",
    during: "none",
    manner: "without",
  }),
  onGitHub({
    name: "rules",
    method: "GET",
    path: "/rules/branches/",
    during: "none",
    manner: "without",
  }),
  onGitHub({
    name: "protection",
    method: "GET",
    path: "/branches/main$",
    during: "none",
    manner: "without",
  }),
  onGitHub({
    name: "find branch",
    method: "GET",
    path: "/git/ref/heads(%2F|/)omnibot",
    during: "gitops.findBranch",
  }),
  onGitHub({
    name: "head of main",
    method: "GET",
    path: "/git/ref/heads(%2F|/)main",
    during: "none",
  }),
  onGitHub({
    name: "create branch",
    method: "POST",
    path: "/git/refs$",
    during: "gitops.createBranch",
  }),
  onGitHub({
    name: "commit",
    method: "PUT",
    path: "/contents/",
    during: "gitops.commitTag",
  }),
  onGitHub({
    name: "list pull requests",
    method: "GET",
    path: "/pulls$",
    during: "gitops.findPullRequest",
    from: "approval",
  }),
  onGitHub({
    name: "open pull request",
    method: "POST",
    path: "/pulls$",
    during: "gitops.openPullRequest",
  }),
  onGitHub({
    name: "read pull request",
    method: "GET",
    path: "/pulls/\\d+$",
    during: "gitops.readPullRequest",
  }),
  onGitHub({ name: "its files", method: "GET", path: "/pulls/\\d+/files$", during: "none" }),
  onGitHub({ name: "merge", method: "PUT", path: "/merge-async$", during: "gitops.merge" }),
  onGitHub({
    name: "follow the merge",
    method: "GET",
    path: "/merge-async/",
    during: "gitops.findMerge",
  }),
  onGitHub({
    name: "delete branch",
    method: "DELETE",
    path: "/git/refs/",
    during: "gitops.deleteBranch",
    manner: "without",
  }),

  onKubernetes({
    name: "HelmRelease, before",
    method: "GET",
    path: "/helmreleases/",
    query: isList,
    during: "none",
    manner: "without",
  }),
  onKubernetes({
    name: "Kustomization, before",
    method: "GET",
    path: "/kustomizations/",
    query: isList,
    during: "none",
    manner: "without",
  }),
  onKubernetes({
    name: "get HelmRelease",
    method: "GET",
    from: "approval",
    path: "/helmreleases/",
    during: "cluster.readFlux",
    query: isList,
    absent: "failed: release-missing",
    // The last check before the build reads it first.
    courtesies: 1,
  }),
  onKubernetes({
    name: "get Kustomization",
    method: "GET",
    from: "approval",
    path: "/kustomizations/",
    during: "none",
    query: isList,
    // The last check before the build reads it first.
    courtesies: 1,
  }),
  onKubernetes({
    name: "list Deployments",
    method: "GET",
    from: "approval",
    path: "/deployments$",
    during: "cluster.readRollout",
    query: isList,
    absent: "failed: workloads-not-found",
    // The watch lists them too, and waits by itself.
    courtesies: 1,
  }),
  onKubernetes({
    name: "list pods",
    method: "GET",
    from: "approval",
    path: "/pods$",
    during: "none",
    query: isList,
    // The watch lists them too, and waits by itself.
    courtesies: 1,
  }),
  onKubernetes({
    name: "watch",
    method: "GET",
    path: "/helmreleases$",
    query: "watch=",
    during: "none",
    manner: "without",
  }),
  onKubernetes({
    name: "log",
    method: "GET",
    path: "/log$",
    during: "none",
    scenario: "crash-loop",
    ends: "failed: crash-loop",
    manner: "without",
  }),

  at(
    "flux",
    kubernetes,
  )({
    name: "annotate",
    method: "PATCH",
    path: "/gitrepositories/",
    during: "cluster.poke",
    manner: "without",
  }),
  at(
    "flux",
    receiver,
  )({
    name: "Receiver",
    method: "POST",
    path: "/hook/",
    during: "cluster.poke",
    manner: "without",
    poke: "receiver",
  }),

  at(
    "health",
    app,
  )({
    name: "endpoint",
    method: "GET",
    path: "/healthz$",
    during: "health.check",
    manner: "result",
  }),
];

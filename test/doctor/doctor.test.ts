import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { z } from "zod";
import { freePort } from "../../sandbox/free-port.ts";
import type { Attributes } from "../../sandbox/kubernetes/access.ts";
import { alex } from "../../sandbox/people.ts";
import type { World } from "../../sandbox/world.ts";
import { releaseFile } from "../acceptance/git.ts";
import {
  always,
  asIf,
  production,
  startPatient,
  troublesOf,
  type Patient,
  type Written,
} from "./patient.ts";

const run = promisify(execFile);

let patient: Patient;
let world: World;

beforeAll(async () => {
  patient = await startPatient();
  ({ world } = patient);
}, 60_000);

afterEach(() => {
  const { kubernetes, github, azureDevOps, registry, app, flux, identity, graph } = world;
  for (const { standIn } of [kubernetes, github, azureDevOps, registry, app, identity, graph])
    standIn.faults.length = 0;
  flux.receiver.faults.length = 0;
  Object.assign(azureDevOps.controls, {
    mayQueue: true,
    mayConfigure: true,
    mayStop: true,
    queueStatus: "enabled",
  });
  github.rules.checks.clear();
  Object.assign(github.rules, { reviews: { required: 0, given: 0 }, locked: false });
  github.rules.permissions.push = true;
  patient.may = () => true;
});

afterAll(() => patient.close());

/** One set-up that is broken in one place: what alone is said to be not well, and what to do about it. */
interface Broken {
  readonly name: string;
  readonly env?: () => Readonly<Record<string, string>>;
  readonly config?: (config: Written) => void;
  readonly world?: () => void | Promise<void>;
  /** `failed` or `warning`, and the check's id. */
  readonly trouble: string;
  readonly says: RegExp;
  readonly remedy: RegExp;
  /** What cannot be tried then. */
  readonly untried?: readonly string[];
  readonly undo?: () => Promise<void>;
}

const afterPipeline = [
  "pipeline.branch",
  "pipeline.queue",
  "pipeline.configure",
  "pipeline.stop",
  "pipeline.preview",
];
const afterRelease = [
  "flux.source",
  "flux.suspended",
  "flux.state",
  "cluster.rights",
  "cluster.explaining",
  "cluster.least",
  "flux.poke",
];
const afterFile = ["gitops.edit", "registry.tag", "flux.release", ...afterRelease];
const afterRepository = [
  "gitops.push",
  "gitops.pull-requests",
  "gitops.records",
  "gitops.method",
  "gitops.branch",
  "gitops.file",
  "gitops.rules",
  "gitops.own-branches",
  ...afterFile,
];
const release = ["helmreleases", "omnispatial", "omnispatial-web"] as const;
const nobody = `http://127.0.0.1:${await freePort()}`;

const lacks =
  (verb: string, resource: string) =>
  (asked: Attributes): boolean =>
    !(asked.verb === verb && asked.resource === resource);

/** Somebody changes the file in Git, and afterwards back. */
const fileWith = (edit: (text: string) => string) => {
  let before = "";
  const write = (to: (text: string) => string, message: string) =>
    world.github.pushCommit({ path: releaseFile, edit: to, message });
  return {
    world: async () => {
      await write((text) => {
        before = text;
        return edit(text);
      }, "Try something");
    },
    undo: async () => void (await write(() => before, "Back")),
  };
};

const receiverAt = (url: () => string) => (config: Written) =>
  production("flux", { poke: { receiver: url() } })(config);

const broken: readonly Broken[] = [
  {
    name: "an identity that Azure does not have",
    // The client keeps the tokens of an identity that it has seen.
    env: () => ({ AZURE_CLIENT_ID: "33333333-3333-4333-8333-333333333333" }),
    world: () => {
      const message = "No User Assigned or Delegated Managed Identity found";
      const path = "/msi/token";
      world.identity.standIn.faults.push({ path, ...always(400, { statusCode: 400, message }) });
    },
    trouble: "failed azure.sign-in",
    says: /could not sign in to Entra/,
    remedy: /AZURE_CLIENT_ID; on AKS set AZURE_IDENTITY=workload-identity/,
    untried: ["pipeline.sign-in", "pipeline.definition", ...afterPipeline, "registry.image"],
  },
  {
    name: "groups of Entra that omnibot may not look into",
    config: ({ environments }) => {
      environments.production["permissions"] = {
        rollback: ["group:7c1f5f0e-6a53-4a0b-9b7d-3f5f1d0c2e11"],
      };
    },
    world: () => {
      const error = { code: "Authorization_RequestDenied", message: "Insufficient privileges" };
      world.graph.standIn.faults.push({ path: "/checkMemberGroups", ...always(403, { error }) });
    },
    trouble: "failed people.groups",
    says: /403.*Insufficient privileges/,
    remedy: /GroupMember\.Read\.All and User\.ReadBasic\.All/,
  },
  {
    name: "an approver who is alone",
    config: ({ environments }) => {
      environments.production["approval"] = { approvers: [alex.aadObjectId] };
    },
    trouble: "warning people.approvers",
    says: /^one approval, of 1: what one of them asks for, not enough others can approve/,
    remedy: /^Name more approvers, or a group/,
  },
  {
    name: "a personal access token that has expired",
    env: () => ({ AZURE_DEVOPS_TOKEN: "expired" }),
    trouble: "failed pipeline.sign-in",
    says: /did not accept omnibot's sign-in/,
    remedy: /^AZURE_DEVOPS_TOKEN must be valid, .*Build \(read and execute\)/,
    untried: ["pipeline.definition", ...afterPipeline],
  },
  {
    name: "an identity that Azure DevOps does not know",
    world: () => {
      world.azureDevOps.standIn.faults.push({
        path: "connectionData",
        ...always(401, {
          message: "TF400813: The user is not authorized to access this resource.",
        }),
      });
    },
    trouble: "failed pipeline.sign-in",
    says: /401.*TF400813/,
    remedy: /Add omnibot's identity \(AZURE_IDENTITY\) to the organization/,
    untried: ["pipeline.definition", ...afterPipeline],
  },
  {
    name: "an organization where nobody listens",
    config: production("build", { organization: `${nobody}/omnispatial` }),
    trouble: "failed pipeline.sign-in",
    says: /did not answer/,
    remedy: /^Check build\.organization, and let omnibot reach it/,
    untried: ["pipeline.definition", ...afterPipeline],
  },
  {
    name: "a project that is not there",
    config: production("build", { project: "OmniSpatiale" }),
    trouble: "failed pipeline.definition",
    says: /OmniSpatiale/,
    remedy: /^Check build\.project and build\.pipeline/,
    untried: afterPipeline,
  },
  {
    name: "a pipeline that is not there",
    config: production("build", { pipeline: 13 }),
    trouble: "failed pipeline.definition",
    says: /there is no pipeline 13 in OmniSpatial/,
    remedy: /definitionId in its address/,
    untried: afterPipeline,
  },
  {
    name: "a pipeline that is paused",
    world: () => void (world.azureDevOps.controls.queueStatus = "paused"),
    trouble: "failed pipeline.definition",
    says: /pipeline 12 is paused/,
    remedy: /Processing of new run requests/,
    untried: afterPipeline,
  },
  {
    name: "a branch to build that is not there",
    config: production("build", { branch: "release" }),
    trouble: "failed pipeline.branch",
    says: /There is no branch release/,
    remedy: /Check `build\.branch`/,
    untried: ["pipeline.preview"],
  },
  {
    name: "no right to queue builds",
    world: () => void (world.azureDevOps.controls.mayQueue = false),
    trouble: "failed pipeline.queue",
    says: /may not queue builds/,
    remedy: /"Queue builds" to Allow/,
    untried: ["pipeline.preview"],
  },
  {
    name: "no right to set a run's parameters",
    world: () => void (world.azureDevOps.controls.mayConfigure = false),
    trouble: "warning pipeline.configure",
    says: /may not set free-text parameters/,
    remedy: /"Edit queue build configuration" to Allow/,
  },
  {
    name: "no right to stop builds",
    world: () => void (world.azureDevOps.controls.mayStop = false),
    trouble: "warning pipeline.stop",
    says: /`cancel` leaves a run going/,
    remedy: /"Stop builds" to Allow/,
  },
  {
    name: "a pipeline without the mark's parameter",
    config: production("build", { marker: { parameter: "omnibotRun" } }),
    trouble: "failed pipeline.preview",
    says: /Unexpected parameter 'omnibotRun'/,
    remedy: /^Declare the parameter omnibotRun in the pipeline .* or choose another build\.marker/,
  },
  {
    name: "a parameter's value that the pipeline does not take",
    config: production("build", { parameters: { environment: "prod" } }),
    trouble: "failed pipeline.preview",
    says: /'prod' is not a valid value/,
    remedy: /^Declare the parameter environment with this value .* or change build\.parameters/,
  },
  {
    name: "a GitHub token that was revoked",
    env: () => ({ GITHUB_TOKEN: "revoked" }),
    trouble: "failed gitops.repository",
    says: /401.*Bad credentials/,
    remedy: /Check GITHUB_TOKEN: it may have expired or been revoked/,
    untried: afterRepository,
  },
  {
    name: "a private key of the App that is none",
    env: () => ({
      GITHUB_APP_ID: "7",
      GITHUB_APP_PRIVATE_KEY: "-----BEGIN",
      GITHUB_APP_INSTALLATION_ID: "8",
    }),
    trouble: "failed gitops.repository",
    says: /private key of the GitHub App is not a PEM private key/,
    remedy: /GITHUB_APP_PRIVATE_KEY \(the whole PEM/,
    untried: afterRepository,
  },
  {
    name: "a GitOps repository that omnibot does not reach",
    config: production("gitops", { repository: "omnispatial/flux" }),
    trouble: "failed gitops.repository",
    says: /404 to GET \/repos\/omnispatial\/flux/,
    remedy:
      /^Check gitops\.repository\..* contents and pull requests \(read and write\) of omnispatial\/flux/,
    untried: afterRepository,
  },
  {
    name: "GitHub that does not answer",
    world: () => void world.github.faults.push({ path: "/repos/", times: 1000, hang: true }),
    trouble: "failed gitops.repository",
    says: /did not answer/,
    remedy: /^Let omnibot reach GitHub/,
    untried: afterRepository,
  },
  {
    name: "a token that may read only",
    world: () => void (world.github.rules.permissions.push = false),
    trouble: "failed gitops.push",
    says: /may not push to omnispatial\/gitops/,
    remedy: /^Give the token contents and pull requests \(read and write\)/,
  },
  {
    name: "a token that may not see pull requests",
    world: () => {
      world.github.faults.push({
        path: "/pulls$",
        ...always(403, { message: "Resource not accessible by personal access token" }),
      });
    },
    trouble: "failed gitops.pull-requests",
    says: /403.*Resource not accessible/,
    remedy: /^Give the token contents and pull requests \(read and write\)/,
  },
  {
    name: "a token that may not record deployments",
    config: production("gitops", { records: true }),
    world: () => {
      world.github.faults.push({
        path: "/deployments$",
        ...always(403, { message: "Resource not accessible by integration" }),
      });
    },
    trouble: "failed gitops.records",
    says: /403.*Resource not accessible/,
    remedy: /deployments \(read and write\).*or set gitops\.records to false/,
  },
  {
    name: "a classic token that may do more than it needs",
    world: () => {
      world.github.faults.push({
        path: "/repos/omnispatial/gitops$",
        ...always(
          200,
          { permissions: { pull: true, push: true } },
          { "x-oauth-scopes": "repo, workflow" },
        ),
      });
    },
    trouble: "warning gitops.repository",
    says: /classic token .*\(repo, workflow\)/,
    remedy: /GitHub App, or a fine-grained token/,
  },
  {
    name: "a repository that is archived",
    world: () => {
      world.github.faults.push({
        path: "/repos/omnispatial/gitops$",
        ...always(200, { archived: true, permissions: { pull: true, push: true } }),
      });
    },
    trouble: "failed gitops.repository",
    says: /omnispatial\/gitops is archived/,
    remedy: /^Unarchive it/,
    untried: afterRepository,
  },
  {
    name: "a method of merging that the repository does not allow",
    world: () => {
      world.github.faults.push({
        path: "/repos/omnispatial/gitops$",
        ...always(200, { permissions: { pull: true, push: true }, allow_squash_merge: false }),
      });
    },
    trouble: "failed gitops.method",
    says: /does not allow the merge method squash/,
    remedy: /^Set gitops\.mergeMethod/,
  },
  {
    name: "a branch of the GitOps repository that is not there",
    config: production("gitops", { branch: "master" }),
    trouble: "failed gitops.branch",
    says: /404/,
    remedy: /There is no branch master in omnispatial\/gitops: check gitops\.branch/,
    untried: ["gitops.file", "gitops.rules", "gitops.own-branches", ...afterFile],
  },
  {
    name: "a file that is not there",
    config: production("gitops", { file: "clusters/operations/prod/helm-release.yaml" }),
    trouble: "failed gitops.file",
    says: /clusters\/operations\/prod\/helm-release\.yaml is not on main/,
    remedy: /Check `gitops\.file`/,
    untried: afterFile,
  },
  {
    name: "a path at which there is no tag",
    config: production("gitops", { path: "spec.values.web.image.tag" }),
    trouble: "failed gitops.file",
    says: /web/,
    remedy: /Check `gitops\.path`/,
    untried: afterFile,
  },
  {
    name: "a HelmRelease that the file does not hold",
    config: production("gitops", { release: "omnispatial-api" }),
    trouble: "failed gitops.file",
    says: /omnispatial-api/,
    remedy: /gitops\.release/,
    untried: afterFile,
  },
  {
    name: "a tag that image automation owns",
    ...fileWith((text) =>
      text.replace("# the build that is live", '# {"$imagepolicy": "flux-system:web:tag"}'),
    ),
    trouble: "failed gitops.file",
    says: /line \d+ .*carries Flux's marker \$imagepolicy/,
    remedy: /Remove the `\$imagepolicy` marker/,
    untried: afterFile,
  },
  {
    name: "a tag that stands in the file twice",
    ...fileWith((text) => `${text}    job:\n      image: omnispatial/web:production-40655\n`),
    trouble: "warning gitops.file",
    says: /production-40655 stands in line \d+ .* too/,
    remedy: /refer to the one value/,
  },
  {
    name: "a branch that asks for reviews and checks",
    world: () => {
      world.github.rules.checks.set("kubeconform", "success");
      world.github.rules.reviews = { required: 1, given: 0 };
    },
    trouble: "warning gitops.rules",
    says: /check "kubeconform"[\s\S]*wait for a review/,
    remedy: /^Let omnibot bypass these rules of main/,
  },
  {
    name: "rules for branches of omnibot's own",
    world: () => {
      const rules = [{ type: "creation" }, { type: "non_fast_forward" }];
      const path = "/rules/branches/omnibot";
      world.github.faults.push({
        path,
        times: 1000,
        answer: { ...always(200, rules).answer, status: 200 },
      });
    },
    trouble: "warning gitops.own-branches",
    says: /omnibot\/…: creation$/,
    remedy: /^Leave omnibot\/\*\* out of that ruleset/,
  },
  {
    name: "an image that is not in the registry",
    config: production("image", { repository: "omnispatial/api" }),
    trouble: "warning registry.image",
    says: /omnispatial\/api:production-40655 is live, and not in http:\/\/127\.0\.0\.1/,
    remedy: /^Check image\.registry and image\.repository/,
  },
  {
    name: "a registry that does not let omnibot in",
    world: () => {
      world.registry.standIn.faults.push({
        path: "/oauth2/token",
        ...always(401, { errors: [{ code: "DENIED", message: "no pull" }] }),
      });
    },
    trouble: "failed registry.image",
    says: /401: DENIED/,
    remedy: /role AcrPull/,
  },
  {
    name: "a registry that asks for a sign-in",
    config: production("image", { access: "anonymous" }),
    trouble: "failed registry.image",
    says: /40[13]/,
    remedy: /set image\.access to entra or basic/,
  },
  {
    name: "a form of tags that the live one has not",
    config: production("image", { tag: "release-{buildId}" }),
    trouble: "warning registry.tag",
    says: /production-40655 in Git is not of the form release-\{buildId\}/,
    remedy: /^Set image\.tag/,
  },
  {
    name: "a kubeconfig without that context",
    config: production("flux", { cluster: { kubeconfig: { context: "operations" } } }),
    trouble: "failed cluster.sign-in",
    says: /no context operations/,
    remedy: /flux\.cluster\.kubeconfig\.context/,
    untried: ["flux.release", ...afterRelease],
  },
  {
    name: "in-cluster where there is no cluster",
    config: production("flux", { cluster: "in-cluster" }),
    trouble: "failed cluster.sign-in",
    says: /configured as in-cluster, but this is no pod/,
    remedy: /elsewhere set flux\.cluster/,
    untried: ["flux.release", ...afterRelease],
  },
  {
    name: "an API server that does not know omnibot",
    world: () => {
      const json = { kind: "Status", code: 401, reason: "Unauthorized", message: "Unauthorized" };
      world.kubernetes.standIn.faults.push({ path: "/", ...always(401, json) });
    },
    trouble: "failed cluster.sign-in",
    says: /HTTP 401/,
    remedy: /its user's sign-in is still good/,
    untried: ["flux.release", ...afterRelease],
  },
  {
    name: "no right to see HelmReleases",
    world: () => void (patient.may = lacks("get", "helmreleases")),
    trouble: "failed flux.release",
    says: /lacks the permission to get helmreleases\.helm\.toolkit\.fluxcd\.io in the namespace omnispatial/,
    remedy: /^Apply infra\/kubernetes\/access/,
    untried: afterRelease,
  },
  {
    name: "no right to watch pods",
    world: () => void (patient.may = lacks("watch", "pods")),
    trouble: "failed cluster.rights",
    says: /^omnibot may not watch pods in omnispatial$/,
    remedy: /RoleBinding in each namespace/,
  },
  {
    name: "no right to read logs",
    world: () => void (patient.may = lacks("get", "pods/log")),
    trouble: "warning cluster.explaining",
    says: /get pods\/log in omnispatial, get pods\/log in flux-system/,
    remedy: /with less of their reason/,
  },
  {
    name: "no right to annotate the source",
    world: () => void (patient.may = lacks("patch", "gitrepositories")),
    trouble: "failed flux.poke",
    says: /may not patch gitrepositories\.source\.toolkit\.fluxcd\.io\/gitops in flux-system/,
    remedy: /infra\/kubernetes\/poke/,
  },
  {
    name: "a right that omnibot does not need",
    config: production("flux", { poke: "none" }),
    trouble: "warning cluster.least",
    says: /may patch gitrepositories.*, and needs it for nothing/,
    remedy: /^Take them away/,
  },
  {
    name: "a HelmRelease that is not on the cluster",
    world: () => {
      const json = { kind: "Status", code: 404, reason: "NotFound", message: "not found" };
      world.kubernetes.standIn.faults.push({ path: "/helmreleases/", ...always(404, json) });
    },
    trouble: "failed flux.release",
    says: /there is no HelmRelease omnispatial-web/,
    remedy: /flux\.namespace where the file does not say it/,
    untried: afterRelease,
  },
  {
    name: "a HelmRelease whose tag something else sets",
    world: () =>
      asIf(world, release, (draft) =>
        Object.assign(draft.spec, {
          valuesFrom: [{ kind: "ConfigMap", name: "tags", targetPath: "image.tag" }],
        }),
      ),
    trouble: "failed flux.release",
    says: /valuesFrom of the HelmRelease sets image\.tag/,
    remedy: /^Remove what sets the tag there/,
    untried: afterRelease,
  },
  {
    name: "a HelmRelease that nobody's Kustomization applies",
    world: () => asIf(world, release, (draft) => void (draft.metadata.labels = {})),
    trouble: "warning flux.source",
    says: /no Kustomization of Flux/,
    remedy: /^Let a Kustomization of Flux apply the file/,
  },
  {
    name: "a source that fetches another repository",
    world: () =>
      asIf(world, ["gitrepositories", "flux-system", "gitops"], (draft) => {
        draft.spec.url = "ssh://git@github.com/omnispatial/fleet";
      }),
    trouble: "failed flux.source",
    says: /fetches ssh:\/\/git@github\.com\/omnispatial\/fleet.*never arrives/,
    remedy: /^Set gitops\.repository and gitops\.branch/,
  },
  {
    name: "a Kustomization that is suspended",
    world: () =>
      asIf(world, ["kustomizations", "flux-system", "operations"], (draft) => {
        draft.spec.suspend = true;
      }),
    trouble: "failed flux.suspended",
    says: /Kustomization operations is suspended/,
    remedy: /flux resume/,
  },
  {
    name: "a Kustomization that cannot apply",
    world: () =>
      asIf(world, ["kustomizations", "flux-system", "operations"], (draft) => {
        for (const one of draft.status.conditions ?? [])
          if (one.type === "Ready")
            Object.assign(one, { status: "False", reason: "BuildFailed", message: "no such file" });
      }),
    trouble: "warning flux.state",
    says: /Kustomization operations is not well: .*no such file/,
    remedy: /^Mend that first/,
  },
  {
    name: "a Receiver's address that is out of date",
    env: () => ({ FLUX_RECEIVER_TOKEN: "sandbox-receiver-token" }),
    config: receiverAt(() => `${world.flux.receiver.url}/hook/0123`),
    world: () => void (patient.may = lacks("patch", "gitrepositories")),
    trouble: "failed flux.poke",
    says: /no Receiver at this address/,
    remedy: /status\.webhookPath/,
  },
  {
    name: "a Receiver that is suspended",
    env: () => ({ FLUX_RECEIVER_TOKEN: "sandbox-receiver-token" }),
    config: receiverAt(() => world.flux.receiverUrl),
    world: () => {
      patient.may = lacks("patch", "gitrepositories");
      world.flux.receiver.faults.push({ path: "/hook/", ...always(503, {}) });
    },
    trouble: "failed flux.poke",
    says: /suspended, or not ready/,
    remedy: /^Resume it/,
  },
  {
    name: "a health endpoint that nobody answers",
    config: ({ environments }) => {
      environments.production["health"] = [{ name: "web", url: `${nobody}/healthz` }];
    },
    trouble: "failed health web",
    says: /connection refused/,
    remedy: /network-policy/,
  },
  {
    name: "a health endpoint that answers something else",
    config: ({ environments }) => {
      environments.production["health"] = [{ name: "web", url: `${world.app.url}/healthy` }];
    },
    trouble: "failed health web",
    says: /answers 404, expected 200/,
    remedy: /^Check the address and the status/,
  },
  {
    name: "a version that stands elsewhere in the answer",
    config: ({ environments }) => {
      const url = `${world.app.url}/healthz`;
      environments.production["health"] = [{ name: "web", url, version: "build.version" }];
    },
    trouble: "warning health web",
    says: /without a version, expected production-40655/,
    remedy: /^Check health\.version/,
  },
  {
    name: "a folder for the ledger that is none",
    env: () => ({ OMNIBOT_DATA: `${world.github.gitDir}/HEAD/data` }),
    trouble: "failed ledger",
    says: /ENOTDIR|not a (folder|directory)/i,
    remedy: /OMNIBOT_DATA/,
  },
  {
    name: "a PostgreSQL that does not answer",
    env: () => ({ DATABASE_URL: "postgres://omnibot:secret-of-the-test@127.0.0.1:9/omnibot" }),
    trouble: "failed ledger",
    says: /ECONNREFUSED/,
    remedy: /^Check DATABASE_URL/,
  },
  {
    name: "a clock that is wrong",
    world: () => {
      const date = new Date(Date.now() + 11 * 60_000).toUTCString();
      const late = { method: "HEAD", path: "/", ...always(404, {}, { date }) };
      for (const { standIn } of [world.github, world.azureDevOps, world.registry])
        standIn.faults.push({ ...late });
    },
    trouble: "failed clock",
    says: /6[56]\d seconds behind the services'/,
    remedy: /NTP/,
  },
  {
    name: "values that are still the example's",
    config: ({ environments }) => {
      const approvers = [0, 1].map((one) => `00000000-0000-0000-0000-00000000000${one}`);
      environments.production["approval"] = { approvers };
    },
    trouble: "warning configuration",
    says: /still holds values of the example: 00000000-/,
    remedy: /docs\/setup\.md/,
  },
];

describe("the doctor", () => {
  test("finds nothing in the sandbox that is not well, and changes nothing", async () => {
    const { results, code } = await patient.examine();
    expect(troublesOf(results)).toEqual([]);
    // The guide says which step each row belongs to.
    const guide = readFileSync("docs/setup.md", "utf8").replaceAll(/\s+/g, " ");
    const untold = results.filter(
      ({ id, about }) => !/^(teams|hooks$|health )/.test(id) && !guide.includes(`**${about}**`),
    );
    expect(untold.map(({ about }) => about)).toEqual([]);
    expect(code).toBe(0);
    expect(results.filter(({ state }) => state === "ok").length).toBeGreaterThan(25);
    expect(results.find(({ id }) => id === "gitops.edit")?.found).toMatch(
      /^one line of .*\n- 27: +tag: production-40655 # .*\n\+ 27: +tag: production-40656 # /,
    );
    const wrote = (journal: readonly { readonly method: string; readonly path: string }[]) =>
      journal.filter(
        ({ method, path }) =>
          !["GET", "HEAD", "OPTIONS"].includes(method) &&
          !/selfsubjectaccessreviews|oauth2/.test(path),
      );
    expect(wrote(world.github.journal)).toEqual([]);
    expect(wrote(world.registry.standIn.journal)).toEqual([]);
    expect(wrote(world.kubernetes.standIn.journal)).toEqual([]);
    // A preview is a POST to its own address; runs begin at another.
    expect(
      wrote(world.azureDevOps.standIn.journal).every(({ path }) => path.endsWith("/preview")),
    ).toBe(true);
  });

  test.each(broken)(
    "tells what is wrong with $name, and what to do about it",
    async ({ env, config, world: breakIt, trouble, says, remedy, untried = [], undo }) => {
      await breakIt?.();
      try {
        const { results, code } = await patient.examine({
          ...(env === undefined ? {} : { env: env() }),
          ...(config === undefined ? {} : { config }),
        });
        expect(troublesOf(results)).toEqual([trouble]);
        const told = results.find(({ state, id }) => `${state} ${id}` === trouble);
        expect(told?.found).toMatch(says);
        expect(told?.remedy).toMatch(remedy);
        expect(code).toBe(trouble.startsWith("failed") ? 1 : 0);
        const notTried = results.filter(({ state }) => state === "untried").map(({ id }) => id);
        expect(notTried.toSorted()).toEqual([...untried].toSorted());
        expect(JSON.stringify(results)).not.toContain("secret-of-the-test");
      } finally {
        await undo?.();
      }
    },
  );

  test("reads deployments where they are to be recorded", async () => {
    const config = production("gitops", { records: true });
    const { results } = await patient.examine({ config });
    expect(troublesOf(results)).toEqual([]);
    expect(results.find(({ id }) => id === "gitops.records")?.state).toBe("ok");
  });

  test("asks Microsoft Graph about the groups that are named", async () => {
    const group = "7c1f5f0e-6a53-4a0b-9b7d-3f5f1d0c2e11";
    const { results } = await patient.examine({
      config: ({ environments }) =>
        void (environments.production["approval"] = { approvers: [`group:${group}`] }),
    });
    expect(troublesOf(results)).toEqual([]);
    const found = Object.fromEntries(results.map((one) => [one.id, one.found]));
    expect(found["people.groups"]).toBe("Microsoft Graph says who is in the group");
    expect(found["people.approvers"]).toBe("one approval; groups are named");
    expect(world.graph.standIn.journal.at(-1)?.body).toContain(group);
  });

  test("tells every mistake of both files, and what the one has wrong does not hide the other", async () => {
    const { results, code } = await patient.examine({
      env: { PORT: "a lot", GITHUB_HOOK_SECRET: "guess" },
      config: ({ environments }) => void (environments.production["build"] = { branch: "main" }),
    });
    expect(code).toBe(2);
    expect(results[0]?.found).toContain("GITHUB_HOOK_SECRET");
    expect(results.map(({ id, state }) => `${state} ${id}`)).toEqual([
      "failed environment",
      "failed configuration",
    ]);
    expect(results[0]?.found).toContain("PORT: must be a port");
    expect(results[1]?.found).toContain("environments.production.build.pipeline");
  });

  test("sees a Receiver without making it do anything, and knows its token by the address", async () => {
    patient.may = lacks("patch", "gitrepositories");
    const token = "sandbox-receiver-token";
    const { results } = await patient.examine({
      env: { FLUX_RECEIVER_TOKEN: token },
      config: receiverAt(() => world.flux.receiverUrl),
    });
    expect(troublesOf(results)).toEqual([]);
    const poke = results.find(({ id }) => id === "flux.poke");
    expect(poke?.found).toBe("the Receiver listens and asks for a signature");
    const source = world.kubernetes.store.get("gitrepositories", "flux-system", "gitops");
    expect(source?.metadata.annotations ?? {}).not.toHaveProperty(
      "reconcile.fluxcd.io/requestedAt",
    );

    // The one of infra/kubernetes/delivery is called omnibot.
    const digest = createHash("sha256").update(`${token}omnibotflux-system`).digest("hex");
    world.flux.receiver.faults.push({ path: `/hook/${digest}`, ...always(400, {}) });
    const second = await patient.examine({
      env: { FLUX_RECEIVER_TOKEN: token },
      config: receiverAt(() => `${world.flux.receiver.url}/hook/${digest}`),
    });
    expect(second.results.find(({ id }) => id === "flux.poke")?.found).toContain(
      "FLUX_RECEIVER_TOKEN is its token",
    );
  });

  test("is a command that says it all as JSON, and ends as it has found things", async () => {
    const environment = { ...world.environment, PATH: process.env["PATH"] ?? "" };
    const command = ["--no-warnings", "src/doctor.ts", "--json"];
    const { stdout } = await run(process.execPath, command, { env: environment, timeout: 30_000 });
    const said = z.object({ code: z.number(), results: z.array(z.unknown()) });
    const { code, results } = said.parse(JSON.parse(stdout));
    expect(code).toBe(0);
    expect(results.length).toBeGreaterThan(25);

    const missing = { ...environment, OMNIBOT_CONFIG: "/nowhere/omnibot.yaml" };
    const failure = run(process.execPath, command.slice(0, 2), { env: missing, timeout: 30_000 });
    await expect(failure).rejects.toMatchObject({
      code: 2,
      stdout: expect.stringContaining("copy omnibot.example.yaml"),
    });
  }, 70_000);
});

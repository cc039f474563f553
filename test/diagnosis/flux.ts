import { rewriteMain } from "./rewrite-main.ts";
import type { Case } from "./case.ts";
import { pokeFlux, untilInWorld } from "./new-pods.ts";
import { releaseFile, type Stage } from "./stage.ts";

const folder = releaseFile.slice(0, releaseFile.lastIndexOf("/"));
const newTag = "production-40672";

/** What Flux and Helm can do to a change that is merged. */
export const fluxCases: readonly Case[] = [
  {
    cause: "flux-suspended",
    name: "source",
    before: ({ world: { kubernetes } }) => {
      kubernetes.store.update("gitrepositories", "flux-system", "gitops", ({ spec }) => {
        spec.suspend = true;
      });
    },
    decidable: ({ merged }) => merged,
    words: ["The source gitops is suspended: flux resume source git gitops -n flux-system"],
  },
  {
    cause: "flux-suspended",
    name: "Kustomization",
    before: ({ world: { kubernetes } }) => {
      kubernetes.store.update("kustomizations", "flux-system", "operations", ({ spec }) => {
        spec.suspend = true;
      });
    },
    decidable: ({ merged }) => merged,
    words: ["Kustomization operations is suspended: flux resume kustomization operations"],
  },
  {
    cause: "flux-suspended",
    name: "HelmRelease",
    before: ({ world: { kubernetes } }) => {
      kubernetes.store.update("helmreleases", "omnispatial", "omnispatial-web", ({ spec }) => {
        spec.suspend = true;
      });
    },
    decidable: ({ merged }) => merged,
    words: ["HelmRelease omnispatial-web is suspended: flux resume helmrelease omnispatial-web"],
  },
  {
    cause: "flux-suspended",
    name: "after it was asked for",
    approved: ({ world: { kubernetes } }) => {
      kubernetes.store.update("kustomizations", "flux-system", "operations", ({ spec }) => {
        spec.suspend = true;
      });
    },
    words: ["Kustomization operations is suspended", "Git was not changed"],
  },
  {
    cause: "flux-fetch-failed",
    approved: ({ world: { flux } }) => {
      const message = "authentication required: Bad credentials";
      flux.troubles.git = { reason: "AuthenticationFailed", message };
    },
    decidable: (stage) => stage.merged && says(sourceOf(stage), "FetchFailed", "True"),
    words: ["authentication required: Bad credentials", "Log of source-controller"],
  },
  {
    cause: "flux-build-failed",
    approved: (stage) =>
      stage.edit((text) => `${text}  - missing.yaml\n`, `${folder}/kustomization.yaml`),
    decidable: (stage) =>
      stage.merged && says(kustomizationOf(stage), "Ready", "False", "BuildFailed"),
    words: ["missing.yaml: no such file or directory", "Log of kustomize-controller"],
  },
  {
    cause: "flux-apply-failed",
    approved: (stage) => stage.edit((text) => text.replace("  interval: 15m\n", "")),
    decidable: (stage) =>
      stage.merged && says(kustomizationOf(stage), "Ready", "False", "ReconciliationFailed"),
    words: ["dry-run failed (Invalid)", "spec.interval: Required value"],
  },
  {
    cause: "dependency-not-ready",
    name: "of the Kustomization",
    config: shortly("sync"),
    approved: ({ world: { kubernetes } }) => {
      kubernetes.store.update("kustomizations", "flux-system", "operations", ({ spec }) => {
        spec.dependsOn = [{ name: "infrastructure" }];
      });
    },
    decidable: (stage) =>
      stage.merged && says(kustomizationOf(stage), "Ready", "False", "DependencyNotReady"),
    first: ["Flux waits: dependency 'flux-system/infrastructure' is not ready"],
    words: [],
  },
  {
    cause: "dependency-not-ready",
    name: "of the HelmRelease",
    config: shortly("roll-out"),
    approved: inSpec("  dependsOn:\n    - name: database\n"),
    decidable: (stage) => says(releaseOf(stage), "Ready", "False", "DependencyNotReady"),
    first: ["dependency 'omnispatial/database' is not ready"],
    words: [],
  },
  {
    cause: "values-missing",
    approved: inSpec("  valuesFrom:\n    - kind: Secret\n      name: web-settings\n"),
    decidable: (stage) => says(releaseOf(stage), "Ready", "False", "ValuesError"),
    first: ["Flux waits: could not resolve Secret chart values reference"],
    words: ['secrets "web-settings" not found'],
  },
  {
    cause: "values-invalid",
    approved: (stage) => stage.edit((text) => text.replace(/^ +repository: omnispatial.+\n/m, "")),
    decidable: (stage) => says(releaseOf(stage), "Released", "False"),
    words: ["image.repository and image.tag are required"],
  },
  {
    cause: "chart-not-ready",
    approved: (stage) =>
      stage.edit(
        (text) => text.replace("semver: 1.8.x", "semver: 9.x"),
        `${folder}/oci-repository.yaml`,
      ),
    decidable: (stage) => says(releaseOf(stage), "Ready", "False", "SourceNotReady"),
    first: ["no match found for semver: 9.x"],
    words: ["OCIRepository omnispatial-web: failed to determine the artifact tag"],
  },
  {
    cause: "release-failed",
    name: "refused by the API server",
    approved: (stage) =>
      stage.edit((text) => remediated(text, "retries: 0").replace("port: 8080", "port: 99999")),
    decidable: (stage) => says(releaseOf(stage), "Released", "False"),
    words: ["Invalid value: 99999: must be between 1 and 65535"],
  },
  {
    cause: "release-failed",
    name: "another workload is stalled",
    approved: withWorker("retries: 0", "      progressDeadlineSeconds: 45\n"),
    decidable: (stage) => says(releaseOf(stage), "Released", "False"),
    words: [],
    atEnd: [
      "failed early due to stalled resources",
      "Deployment/omnispatial/omnispatial-web-worker status: 'Failed'",
      "container web: ImagePullBackOff",
    ],
  },
  {
    cause: "release-timed-out",
    approved: withWorker("retries: 0"),
    decidable: workerFails,
    first: ["Helm waits for Deployment omnispatial-web-worker: 0 of 1 ready"],
    words: [],
    atEnd: [
      "timeout waiting for: [Deployment/omnispatial/omnispatial-web-worker status: 'InProgress']",
      "container web: ImagePullBackOff",
    ],
  },
  {
    cause: "release-rolled-back",
    approved: withWorker("retries: 1\n      strategy: rollback"),
    decidable: workerFails,
    first: ["Helm waits for Deployment omnispatial-web-worker: 0 of 1 ready"],
    words: [],
    atEnd: [
      // The detail begins with the cause, whatever the log says below.
      /timeout waiting for: \[Deployment\/omnispatial\/omnispatial-web-worker[^\n]*Then: Helm rollback to previous/,
    ],
  },
  {
    cause: "retries-exhausted",
    approved: withWorker("retries: 1\n      remediateLastFailure: false"),
    decidable: workerFails,
    first: ["Helm waits for Deployment omnispatial-web-worker: 0 of 1 ready"],
    words: [],
    atEnd: [
      "timeout waiting for: [Deployment/omnispatial/omnispatial-web-worker",
      "Failed to upgrade after 2 attempt(s)",
    ],
  },
  {
    cause: "release-uninstalled",
    approved: withWorker("retries: 0\n      remediateLastFailure: true\n      strategy: uninstall"),
    decidable: workerFails,
    first: ["Helm waits for Deployment omnispatial-web-worker: 0 of 1 ready"],
    words: [],
    atEnd: [
      "timeout waiting for: [Deployment/omnispatial/omnispatial-web-worker",
      "Then: Helm uninstall succeeded",
    ],
  },
  {
    cause: "release-locked",
    approved: async (stage) => {
      stage.world.flux.troubles.held.add("omnispatial/omnispatial-web");
      await stage.edit((text) => remediated(text, "retries: 0"));
    },
    decidable: (stage) => says(releaseOf(stage), "Released", "False"),
    words: [
      "another operation (install/upgrade/rollback) is in progress",
      "Log of helm-controller",
    ],
  },
  {
    cause: "release-test-failed",
    approved: (stage) =>
      stage.edit((text) =>
        remediated(text, "retries: 0")
          .replace("\n  values:\n", "\n  test:\n    enable: true\n  values:\n")
          .replace("    service:\n", "    smokeTest:\n      path: /tiles/0/0/0\n    service:\n"),
      ),
    decidable: (stage) => says(releaseOf(stage), "TestSuccess", "False"),
    words: ["pod omnispatial-web-smoke-test failed"],
  },
  {
    cause: "values-overridden",
    approved: inSpec(
      "  valuesFrom:\n    - kind: ConfigMap\n      name: pins\n      targetPath: image.tag\n",
    ),
    decidable: (stage) => carries(stage, newTag),
    words: ["valuesFrom of the HelmRelease sets image.tag"],
  },
  {
    cause: "values-overridden",
    name: "by a patch in the repository",
    approved: (stage) =>
      stage.edit(
        (text) => `${text}patches:\n  - target: { kind: HelmRelease }\n    patch: |-\n${tagPatch}`,
        `${folder}/kustomization.yaml`,
      ),
    decidable: (stage) => stage.merged && isHealthChecked(stage),
    words: ["the HelmRelease carries production-40641"],
  },
  {
    cause: "values-overridden",
    name: "by a patch of Flux's Kustomization",
    approved: ({ world: { kubernetes } }) => {
      kubernetes.store.update("kustomizations", "flux-system", "operations", ({ spec }) => {
        spec.patches = [{ target: { kind: "HelmRelease" }, patch: tagPatch }];
      });
    },
    decidable: ({ merged }) => merged,
    words: ["the HelmRelease carries production-40641"],
  },
  {
    cause: "superseded",
    turns: [
      {
        when: (stage) => carries(stage, newTag),
        async does(stage) {
          await overtake(stage);
          pokeFlux(stage);
        },
      },
    ],
    decidable: (stage) => overtaken.has(stage),
    words: ["adele-vance put production-40641 into Git after that"],
  },
  {
    cause: "superseded",
    name: "before Flux has fetched it",
    turns: [{ when: ({ merged }) => merged, does: overtake }],
    decidable: (stage) => overtaken.has(stage),
    words: ["adele-vance put production-40641 into Git after that"],
  },
  {
    cause: "flux-silent",
    name: "no source-controller",
    config: shortly("sync"),
    approved: (stage) => asleep(stage, "source-controller"),
    decidable: ({ merged }) => merged,
    first: ["source-controller has not looked at the repository"],
    words: ["source-controller is not running"],
  },
  {
    cause: "flux-silent",
    name: "no kustomize-controller",
    config: shortly("sync"),
    approved: (stage) => asleep(stage, "kustomize-controller"),
    decidable: (stage) => stage.merged && isFetched(stage),
    first: ["kustomize-controller has not taken up"],
    words: ["kustomize-controller is not running"],
  },
  {
    cause: "flux-silent",
    name: "no helm-controller",
    config: shortly("roll-out"),
    approved: (stage) => asleep(stage, "helm-controller"),
    decidable: (stage) => carries(stage, newTag),
    first: ["helm-controller has not looked at the release"],
    words: ["helm-controller is not running"],
  },
  {
    cause: "flux-silent",
    name: "kustomize-controller is busy with an earlier revision",
    patientFlux: true,
    config: shortly("sync"),
    approved: async (stage) => {
      await inSpec("  dependsOn:\n    - name: database\n")(stage);
      pokeFlux(stage);
      await untilInWorld(stage, () => isHealthChecked(stage));
    },
    decidable: (stage) => stage.merged && isFetched(stage),
    first: ["kustomize-controller has not taken up"],
    words: [/busy: Running health checks for revision/],
  },
  {
    cause: "flux-silent",
    name: "helm-controller is busy with an earlier change",
    patientFlux: true,
    config: shortly("roll-out"),
    approved: async (stage) => {
      await withWorker("retries: 0", "", "10m")(stage);
      pokeFlux(stage);
      await untilInWorld(stage, () => workerFails(stage));
      // The Kustomization would wait for that as well.
      stage.world.kubernetes.store.update(
        "kustomizations",
        "flux-system",
        "operations",
        ({ spec }) => {
          spec.timeout = "10s";
        },
      );
    },
    decidable: (stage) => carries(stage, newTag),
    first: ["helm-controller has not looked at the release, busy: Running 'upgrade' action"],
    words: [],
  },
  {
    cause: "release-missing",
    approved: (stage) =>
      stage.edit(
        (text) => text.replace("  - helm-release.yaml\n", ""),
        `${folder}/kustomization.yaml`,
      ),
    decidable: (stage) => releaseOf(stage) === undefined,
    words: ["There is no HelmRelease omnispatial-web"],
  },
  {
    cause: "workloads-not-found",
    approved: (stage) =>
      stage.edit((text) =>
        text
          .replace(
            "omnispatial.azurecr.io/omnispatial/web",
            "omnispatial.azurecr.io/omnispatial/site",
          )
          .replace("replicaCount: 3", "replicaCount: 0"),
      ),
    decidable: (stage) =>
      carries(stage, newTag) &&
      releaseOf(stage)?.status.observedGeneration === releaseOf(stage)?.metadata.generation,
    words: ["No workload carries omnispatial/web."],
  },
  {
    cause: "merge-lost",
    before: rewriteAfterMerge,
    decidable: (stage) => carries(stage, newTag),
    words: ["which does not come after"],
  },
];

/** Somebody pins another build past the file. */
const tagPatch = `      - op: replace
        path: /spec/values/image/tag
        value: production-40641
`;

/** Whether Flux has applied what it attempts, and waits for that to be healthy. */
function isHealthChecked(stage: Stage): boolean {
  const [reconciling] =
    kustomizationOf(stage)?.status.conditions?.filter(({ type }) => type === "Reconciling") ?? [];
  return reconciling?.message.startsWith("Running health checks") === true;
}

/** Stages on which somebody has put another tag into Git after omnibot's. */
const overtaken = new WeakSet<Stage>();

async function overtake(stage: Stage): Promise<void> {
  await stage.edit((text) => text.replace(newTag, "production-40641"));
  overtaken.add(stage);
}

/** Deadlines of two minutes, for what is told long before it ends. */
function shortly(step: string): NonNullable<Case["config"]> {
  return (production) => void (production["deadlines"] = { [step]: "2m" });
}

/** Somebody adds lines to the HelmRelease's spec by hand. */
function inSpec(lines: string): NonNullable<Case["approved"]> {
  return (stage) => stage.edit((text) => text.replace("\n  values:\n", `\n${lines}  values:\n`));
}

function remediated(text: string, remediation: string, timeout = "1m"): string {
  return text.replace(
    /  upgrade:\n(?: {4,}.*\n)+/,
    `  upgrade:\n    timeout: ${timeout}\n    remediation:\n      ${remediation}\n`,
  );
}

/** Somebody adds a second workload whose image does not exist. */
function withWorker(remediation: string, more = "", timeout = "2m"): NonNullable<Case["approved"]> {
  const worker = `    worker:\n${more}      image:\n        repository: omnispatial.azurecr.io/omnispatial/worker\n        tag: nightly\n`;
  return (stage) =>
    stage.edit((text) =>
      remediated(text, remediation, timeout).replace("    service:\n", `${worker}    service:\n`),
    );
}

function workerFails({ world: { kubernetes } }: Stage): boolean {
  return kubernetes.store
    .list("pods", "omnispatial")
    .some(
      ({ metadata, status }) =>
        metadata.name.startsWith("omnispatial-web-worker-") &&
        status.containerStatuses?.some(({ state }) => state.waiting?.reason === "ErrImagePull"),
    );
}

/** Somebody scales a controller of Flux to nothing. */
function asleep({ world: { kubernetes } }: Stage, controller: string): void {
  kubernetes.store.update("deployments", "flux-system", controller, ({ spec }) => {
    spec.replicas = 0;
  });
}

/** The moment our merge is there, the branch is rewritten: the same files, on top of what was there before it. */
function rewriteAfterMerge({ world: { github } }: Stage): void {
  let done = false;
  github.onPush(({ branch, before, after }) => {
    if (done || branch !== "main" || before === undefined || after === undefined) return;
    done = true;
    rewriteMain(github.gitDir, before, after);
  });
}

interface Conditioned {
  readonly status: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
    }[];
  };
}

function says(object: Conditioned | undefined, type: string, status: string, reason?: string) {
  return (
    object?.status.conditions?.some(
      (one) =>
        one.type === type &&
        one.status === status &&
        (reason === undefined || one.reason === reason),
    ) === true
  );
}

function sourceOf({ world: { kubernetes } }: Stage) {
  return kubernetes.store.get("gitrepositories", "flux-system", "gitops");
}

function kustomizationOf({ world: { kubernetes } }: Stage) {
  return kubernetes.store.get("kustomizations", "flux-system", "operations");
}

function releaseOf({ world: { kubernetes } }: Stage) {
  return kubernetes.store.get("helmreleases", "omnispatial", "omnispatial-web");
}

function isFetched(stage: Stage): boolean {
  const fetched = sourceOf(stage)?.status.artifact?.revision;
  return fetched !== kustomizationOf(stage)?.status.lastAttemptedRevision;
}

function carries(stage: Stage, tag: string): boolean {
  const image = releaseOf(stage)?.spec.values?.["image"];
  return typeof image === "object" && image !== null && "tag" in image && image.tag === tag;
}

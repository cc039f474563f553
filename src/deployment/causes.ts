/**
 * Every way a deployment can fail: a stable code, one sentence for people, and what to do next. The one list; the failed
 * card shows these words, with the detail that was seen.
 */
export const causes = {
  expired: {
    sentence: "Nobody approved in time.",
    remedy: "Ask again when an approver is there.",
  },
  "timed-out": {
    sentence: "This step took longer than it may.",
    remedy: "Look at what it waited for, then deploy again.",
  },
  "service-unreachable": {
    sentence: "A service did not answer.",
    remedy: "Check that service and the network to it, then deploy again.",
  },
  "service-denied": {
    sentence: "A service does not let omnibot in.",
    remedy: "Check omnibot's credentials and permissions there, then deploy again.",
  },
  "service-refused": {
    sentence: "A service refused what omnibot asked for.",
    remedy: "Read its words; the configuration of this environment may be wrong.",
  },
  "step-unknown": {
    sentence: "This version of omnibot does not know how to go on.",
    remedy: "Another version began this. Look at what was done so far, then deploy again.",
  },
  "environment-unknown": {
    sentence: "This environment is not in omnibot's configuration any more.",
    remedy: "Put it back into `omnibot.yaml`, or finish by hand what was begun.",
  },
  "internal-error": {
    sentence: "omnibot met a situation that it does not know.",
    remedy: "Please look at its log and report it. Nothing more will be done for this deployment.",
  },

  "permission-withdrawn": {
    sentence: "Somebody on whose word this stands may not say so any more.",
    remedy: "Ask again, and have it approved by somebody who may; nothing was begun.",
  },
  "branch-not-found": {
    sentence: "The branch to build does not exist.",
    remedy: "Check `build.branch` of this environment.",
  },
  "pipeline-not-found": {
    sentence: "There is no such pipeline.",
    remedy:
      "Check `build.project` and `build.pipeline` of this environment, and that omnibot may see it.",
  },
  "build-not-found": {
    sentence: "There is no such build of this pipeline.",
    remedy: "Check the number; `status` shows what is live.",
  },
  "already-live": {
    sentence: "This build is what Git wants already.",
    remedy: "Nothing to do. `status` shows how it runs.",
  },
  "live-changed": {
    sentence: "Git wants another tag than when this was approved.",
    remedy: "Somebody changed it meanwhile. Look at `status`, then ask again.",
  },

  "run-not-started": {
    sentence: "Azure DevOps did not accept the run.",
    remedy:
      "Check `build.parameters` and `build.marker` against the parameters that the pipeline declares.",
  },
  "run-not-permitted": {
    sentence: "omnibot may not start this pipeline.",
    remedy:
      'Give omnibot\'s identity the permission "Queue builds" on the pipeline, then deploy again.',
  },
  "run-in-doubt": {
    sentence: "It is not certain whether a run was started.",
    remedy: "Look for a run of this pipeline started a moment ago; cancel it, then deploy again.",
  },
  "pipeline-failed": {
    sentence: "The build failed.",
    remedy: "Read the log, mend the cause, and deploy again.",
  },
  "pipeline-canceled": {
    sentence: "The build was canceled in Azure DevOps.",
    remedy: "Deploy again when you are ready.",
  },
  "pipeline-not-approved": {
    sentence: "The build waited too long for an approval or a check in Azure DevOps.",
    remedy: "Approve it there sooner, or let omnibot's approval be enough; then deploy again.",
  },
  "pipeline-no-agent": {
    sentence: "No agent took the build in time.",
    remedy:
      "Look at the agent pool in Azure DevOps: agents may be offline, busy or without the demanded capabilities. Cancel the run there, then deploy again.",
  },
  "commit-mismatch": {
    sentence: "The run built another commit than the approved one.",
    remedy: "Find out who started it; deploy again to get a fresh approval.",
  },

  "tag-invalid": {
    sentence: "The tag does not have the configured form.",
    remedy: "Check `image.tag` of this environment and the run's number.",
  },
  "image-not-found": {
    sentence: "The image is not in the registry.",
    remedy: "Check that the pipeline pushes this tag; nothing was changed in Git.",
  },
  "tag-moved": {
    sentence: "The tag points at another image than when it was verified.",
    remedy: "Find out who pushed it again, and deploy a fresh build.",
  },

  "file-not-found": {
    sentence: "The HelmRelease file is not in the repository.",
    remedy: "Check `gitops.file` and `gitops.branch` of this environment.",
  },
  "yaml-invalid": {
    sentence: "The HelmRelease file is not valid YAML.",
    remedy: "Mend the file by hand, then deploy again.",
  },
  "yaml-duplicate-key": {
    sentence: "A key stands twice in the HelmRelease file.",
    remedy: "Remove one of the two: Flux may read the other one than people do. Then deploy again.",
  },
  "release-not-found": {
    sentence: "The file holds no such HelmRelease.",
    remedy: "Check `gitops.file` and `gitops.release` of this environment.",
  },
  "tag-not-found": {
    sentence: "The HelmRelease has no image tag where it should be.",
    remedy: "Check `gitops.path` of this environment.",
  },
  "tag-ambiguous": {
    sentence: "More than one HelmRelease in the file could be meant.",
    remedy: "Set `gitops.release` of this environment to the one that is meant.",
  },
  "tag-not-editable": {
    sentence: "The tag is written in a way that cannot be changed without touching anything else.",
    remedy: "Write it as a plain or quoted string on one line, then deploy again.",
  },
  "image-automation": {
    sentence: "Flux's image automation owns this tag.",
    remedy:
      "Remove the `$imagepolicy` marker from the tag's line to let omnibot deploy, or leave deployments to image automation.",
  },
  "change-unexpected": {
    sentence: "The pull request changes more than the one line.",
    remedy: "Close it, look who pushed to its branch, and deploy again.",
  },
  "change-closed": {
    sentence: "The pull request was closed without a merge.",
    remedy: "Deploy again if that was not meant.",
  },
  "change-conflict": {
    sentence: "The pull request conflicts with the branch.",
    remedy: "Somebody changed the same line; deploy again on top of it.",
  },
  "head-moved": {
    sentence: "Somebody pushed to the pull request's branch.",
    remedy: "Only the approved change is merged. Close the pull request and deploy again.",
  },

  "merge-blocked": {
    sentence: "GitHub did not allow the merge in time.",
    remedy: "Meet the branch's rules and merge by hand, or deploy again.",
  },
  "merge-blocked-checks": {
    sentence: "Required checks did not pass in time.",
    remedy: "Look at the checks of the pull request; mend what fails, then deploy again.",
  },
  "merge-blocked-review": {
    sentence: "Nobody gave the review that the branch demands.",
    remedy:
      "Ask a reviewer sooner, or let omnibot's GitHub App bypass that rule; then deploy again.",
  },
  "merge-not-permitted": {
    sentence: "omnibot may not merge into this branch.",
    remedy: "Let omnibot's GitHub App push to the branch or bypass its rule, then deploy again.",
  },

  "flux-suspended": {
    sentence: "Flux is suspended and will not apply the change.",
    remedy:
      "Resume it with `flux resume`: what is merged is applied then. If Git was not changed, deploy again.",
  },
  "flux-silent": {
    sentence: "Flux does not get to this change.",
    remedy:
      "Look with `flux check` whether its controllers run, and what they are busy with; the change is merged and will be applied then.",
  },
  "flux-fetch-failed": {
    sentence: "Flux cannot fetch the repository.",
    remedy: "Check the GitRepository's credentials and address.",
  },
  "flux-build-failed": {
    sentence: "Flux cannot build the manifests.",
    remedy: "Mend the Kustomization or the file, then deploy again.",
  },
  "flux-apply-failed": {
    sentence: "Flux cannot apply the manifests.",
    remedy: "Read its words; the cluster refused an object.",
  },
  "dependency-not-ready": {
    sentence: "Flux waits for something else that is not ready.",
    remedy: "Mend that first: Flux goes on with this change by itself as soon as it is ready.",
  },
  "chart-not-ready": {
    sentence: "Flux cannot get the chart of this release.",
    remedy: "Check the chart's version, and its source's address and credentials.",
  },
  "values-missing": {
    sentence: "A ConfigMap or Secret with values for this release is missing.",
    remedy: "Add it, or remove it from `valuesFrom`; Flux goes on by itself then.",
  },
  "values-invalid": {
    sentence: "The chart does not accept the values of this release.",
    remedy: "Read its words, mend `spec.values` in the file, then deploy again.",
  },
  "release-missing": {
    sentence: "The HelmRelease is not on the cluster.",
    remedy: "Check that a Kustomization applies this file.",
  },
  "release-failed": {
    sentence: "Helm could not bring the release up.",
    remedy: "Read its words, or go back with `rollback`.",
  },
  "release-timed-out": {
    sentence: "Something of the release did not become ready before Helm gave up.",
    remedy: "Look at what it names: its events and its log. Or go back with `rollback`.",
  },
  "release-test-failed": {
    sentence: "The release is up, but its Helm test failed.",
    remedy: "Read the test's log, mend the cause, and deploy again, or go back with `rollback`.",
  },
  "release-locked": {
    sentence: "Helm holds the release for another operation that never ended.",
    remedy:
      "See `helm history`: let the operation end, or remove its pending release; then reset it with `flux reconcile helmrelease --reset`.",
  },
  "release-rolled-back": {
    sentence: "Flux rolled the release back.",
    remedy: "Read why the upgrade failed, mend it, and deploy again.",
  },
  "release-uninstalled": {
    sentence: "Flux uninstalled the release after it had failed: nothing of it runs any more.",
    remedy: "Read why it failed, mend it, and deploy again soon.",
  },
  "retries-exhausted": {
    sentence: "Helm failed as often as it may; Flux does not try again.",
    remedy: "Read why it failed, mend it, and deploy again, or go back with `rollback`.",
  },
  "values-overridden": {
    sentence: "Something else sets the tag on the cluster.",
    remedy: "Look for `valuesFrom` or a patch that overrides the image tag.",
  },
  "merge-lost": {
    sentence: "What Flux applies does not hold the merge.",
    remedy: "Somebody rewrote the branch, or Flux follows another one. Look at its history.",
  },
  superseded: {
    sentence: "Another tag took over before this one was live.",
    remedy: "`status` shows what is live now.",
  },

  "workloads-not-found": {
    sentence: "No workload of this release carries the image.",
    remedy: "Check `image.repository` of this environment and the chart.",
  },
  "pull-not-found": {
    sentence: "The nodes do not find the image.",
    remedy:
      "Check that the chart names the same registry and repository, and that nobody removed the tag.",
  },
  "pull-denied": {
    sentence: "The cluster may not pull the image.",
    remedy:
      "Give the cluster the right to pull from the registry (AcrPull, or an `imagePullSecret`); it then goes on by itself.",
  },
  "image-name-invalid": {
    sentence: "The name of the image is not valid.",
    remedy: "Check `image.repository` and `image.tag` in the values of the HelmRelease.",
  },
  "image-pull-failed": {
    sentence: "The pods cannot pull the image.",
    remedy: "Check that the registry can be reached from the cluster; it goes on trying by itself.",
  },
  "crash-loop": {
    sentence: "The new pods crash on start.",
    remedy: "Read the log, mend the cause, and deploy again, or go back with `rollback`.",
  },
  "out-of-memory": {
    sentence: "The new pods use more memory than they may.",
    remedy: "Raise the memory limit in the values, or find the leak; go back with `rollback`.",
  },
  "init-container-failed": {
    sentence: "An init container of the new pods fails.",
    remedy: "Read its log (a migration, for example), mend the cause, and deploy again.",
  },
  "liveness-failing": {
    sentence: "The new pods are restarted again and again, since their liveness probe fails.",
    remedy: "Check what the probe asks and how long the application may take to start.",
  },
  "readiness-failing": {
    sentence: "The new pods run, but do not become ready.",
    remedy:
      "Check what the readiness probe asks, and the log of the application; go back with `rollback`.",
  },
  "config-missing": {
    sentence: "A ConfigMap or Secret that the new pods need is missing.",
    remedy: "Add it (or its key) to the namespace; the pods then start by themselves.",
  },
  "container-config": {
    sentence: "The containers of the new pods cannot be created.",
    remedy: "Read the words of the node; go back with `rollback` meanwhile.",
  },
  "volume-failed": {
    sentence: "A volume of the new pods cannot be mounted.",
    remedy: "Check the volume and its claim; a disk may still be attached to another node.",
  },
  "pods-not-started": {
    sentence: "The nodes cannot start the new pods.",
    remedy: "Read the words of the node: its network or its runtime has trouble.",
  },
  unschedulable: {
    sentence: "The cluster has no room for the new pods.",
    remedy: "Add nodes, ask for less CPU or memory, or check the node selectors and taints.",
  },
  "quota-exceeded": {
    sentence: "The quota of the namespace leaves no room for the new pods.",
    remedy: "Raise the quota or ask for less; the rollout then goes on by itself.",
  },
  "pods-not-created": {
    sentence: "The cluster does not let the new pods be created.",
    remedy: "Read its words: a policy, an admission webhook or a service account.",
  },
  "statefulset-blocked": {
    sentence: "The StatefulSet waits for its first new pod, which is not ready.",
    remedy:
      "Mend that pod's cause. Should it stay after that, delete the pod by hand: the StatefulSet does not replace it by itself.",
  },
  "job-failed": {
    sentence: "A Job of this release failed.",
    remedy: "Read its log, mend the cause, and deploy again.",
  },
  "rollout-stalled": {
    sentence: "The new pods did not become ready in time.",
    remedy: "Look at their events and logs, or go back with `rollback`.",
  },
  "rollout-paused": {
    sentence: "The workload is paused and will not roll out.",
    remedy: "Resume it with `kubectl rollout resume`; it then goes on by itself.",
  },
  "digest-mismatch": {
    sentence: "The pods run another image than the one in the registry.",
    remedy: "Find out who moved the tag; deploy a fresh build.",
  },

  "health-failing": {
    sentence: "The application does not answer well.",
    remedy: "Look at its logs, or go back with `rollback`.",
  },
  "health-unreachable": {
    sentence: "The application cannot be reached.",
    remedy: "Check its address, its ingress and the network to it, or go back with `rollback`.",
  },
  "health-certificate": {
    sentence: "The application's certificate is not valid.",
    remedy: "Renew or mend the certificate of that address; the new version runs behind it.",
  },
  "health-wrong-version": {
    sentence: "The application answers as another version.",
    remedy: "Check that this address leads to this environment, and that no cache answers for it.",
  },
} as const satisfies Record<string, { readonly sentence: string; readonly remedy: string }>;

/** How services are called in a sentence. A row of another version may name one that is not here. */
export const serviceNames: Readonly<Record<string, string>> = {
  "azure-devops": "Azure DevOps",
  registry: "The registry",
  github: "GitHub",
  kubernetes: "The cluster",
  flux: "Flux",
  entra: "Entra",
};

export type CauseCode = keyof typeof causes;

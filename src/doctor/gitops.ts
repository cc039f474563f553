import { causes } from "../deployment/causes.ts";
import { buildOfTag, imageTag } from "../deployment/image-tag.ts";
import type { TagState } from "../deployment/ports.ts";
import { examineGitOps } from "../github/examine-gitops.ts";
import { failed, off, ok, shared, warning, type Check } from "./check.ts";
import type { EnvironmentSubject } from "./subject.ts";

/** Whether omnibot can change the tag and merge the change, shown by the change that it would make. */
export function checksOfGitOps({ environment, clients, settings }: EnvironmentSubject): {
  readonly checks: readonly Check[];
  readonly readTag: () => Promise<TagState>;
} {
  const { name, gitops, image } = environment;
  const examination = shared(async () => examineGitOps(clients.gitops(environment)));
  const rights = shared(async () => (await examination()).rights());
  const readTag = shared(async () => (await examination()).readTag());
  const at = { environment: name };
  const isApp = settings.github.kind === "app";
  const grant = isApp
    ? `Install the App on ${gitops.repository}, with contents and pull requests (read and write), and accept the new permissions in its installation.`
    : `Give the token contents and pull requests (read and write) of ${gitops.repository}; a fine-grained token waits for the organization's approval.`;
  const credentials = isApp
    ? "Check GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY (the whole PEM, \\n for line ends) and GITHUB_APP_INSTALLATION_ID."
    : "Check GITHUB_TOKEN: it may have expired or been revoked.";
  const checks: readonly Check[] = [
    {
      ...at,
      id: "gitops.repository",
      about: "the GitOps repository",
      async find() {
        const { archived, scopes } = await rights();
        if (archived)
          return failed(
            `${gitops.repository} is archived`,
            "Unarchive it, or set gitops.repository to the one that Flux fetches.",
          );
        if (scopes !== undefined)
          return warning(
            `GitHub lets omnibot in, by a classic token that may do more than it needs (${scopes})`,
            "Use a GitHub App, or a fine-grained token of this repository alone.",
          );
        return ok(`GitHub shows ${gitops.repository} to omnibot`);
      },
      remedies: {
        denied: `Check gitops.repository. ${credentials} ${grant}`,
        unreachable: `Let omnibot reach GitHub (GITHUB_API_URL, or https://api.github.com).`,
        invalid: credentials,
      },
    },
    {
      ...at,
      id: "gitops.push",
      about: "the right to push",
      needs: ["gitops.repository"],
      async find() {
        const { mayPush } = await rights();
        if (mayPush === true) return ok("omnibot may push branches and open pull requests");
        if (mayPush === undefined)
          return warning("GitHub does not tell whether omnibot may push", grant);
        return failed(
          `omnibot may not push to ${gitops.repository} and open pull requests there`,
          grant,
        );
      },
    },
    {
      ...at,
      id: "gitops.pull-requests",
      about: "pull requests",
      needs: ["gitops.repository"],
      async find() {
        await (await examination()).readPullRequests();
        return ok("omnibot may read them");
      },
      remedies: { denied: grant },
    },
    {
      ...at,
      id: "gitops.records",
      about: "deployments on GitHub",
      needs: ["gitops.repository"],
      async find() {
        if (!gitops.records) return off("gitops.records is false: none are recorded there");
        await (await examination()).readDeployments();
        return ok("omnibot may read them");
      },
      remedies: {
        denied:
          "Give the App, or the token, deployments (read and write) of this repository too, or set gitops.records to false.",
      },
    },
    {
      ...at,
      id: "gitops.method",
      about: "the method of merging",
      needs: ["gitops.repository"],
      async find() {
        if ((await rights()).methodAllowed)
          return ok(`${gitops.mergeMethod}, which the repository allows`);
        return failed(
          `${gitops.repository} does not allow the merge method ${gitops.mergeMethod}`,
          "Set gitops.mergeMethod to one that it allows, or allow this one in the repository's settings.",
        );
      },
    },
    {
      ...at,
      id: "gitops.branch",
      about: "the branch that Flux follows",
      needs: ["gitops.repository"],
      async find() {
        const head = await (await examination()).head();
        return ok(`${gitops.branch} is at ${head.slice(0, 7)}`);
      },
      remedies: {
        denied: `There is no branch ${gitops.branch} in ${gitops.repository}: check gitops.branch.`,
      },
    },
    {
      ...at,
      id: "gitops.file",
      about: "the file and its tag",
      needs: ["gitops.branch"],
      async find() {
        const live = await readTag();
        if (live.state === "failed") return failed(live.detail, causes[live.code].remedy);
        if (live.automatedAt !== undefined)
          return failed(
            `line ${live.automatedAt} of ${gitops.file} carries Flux's marker $imagepolicy`,
            causes["image-automation"].remedy,
          );
        const { alsoAt = [] } = live;
        if (alsoAt.length > 0)
          return warning(
            `${live.tag} stands in line ${alsoAt.join(", ")} of ${gitops.file} too, which omnibot does not change`,
            "Let the other places refer to the one value, or say them once in the chart.",
          );
        return ok(`${gitops.file} wants ${live.tag}`);
      },
    },
    {
      ...at,
      id: "gitops.edit",
      about: "the change to come",
      needs: ["gitops.file"],
      async find() {
        const live = await readTag();
        if (live.state === "failed") return failed(live.detail, causes[live.code].remedy);
        const next = nextTag(image, name, live.tag);
        const edit = await (await examination()).tryEdit(next);
        if (edit.state === "failed") return failed(edit.detail, causes[edit.code].remedy);
        return ok(
          `one line of ${gitops.file}, and no other byte:\n- ${edit.line}: ${edit.before}\n+ ${edit.line}: ${edit.after}`,
        );
      },
    },
    {
      ...at,
      id: "gitops.rules",
      about: "what a merge has to wait for",
      needs: ["gitops.branch"],
      async find() {
        const { warnings, unchecked } = await (await examination()).rules();
        if (warnings.length > 0)
          return warning(
            warnings.join("\n"),
            `Let omnibot bypass these rules of ${gitops.branch} (its approval is the second pair of eyes), or expect deployments to wait for them.`,
          );
        if (unchecked.length > 0)
          return off(`nothing that GitHub shows; not told: ${unchecked.join(", ")}`);
        return ok(`${gitops.branch} asks for nothing else`);
      },
    },
    {
      ...at,
      id: "gitops.own-branches",
      about: "branches of its own",
      needs: ["gitops.branch"],
      async find() {
        const rules = await (await examination()).rulesOfOwnBranches();
        if (rules.length === 0) return ok("no rule keeps omnibot from branches named omnibot/…");
        return warning(
          `rules of the repository restrict branches named omnibot/…: ${rules.join(", ")}`,
          "Leave omnibot/** out of that ruleset, or let omnibot bypass it.",
        );
      },
    },
  ];
  return { checks, readTag };
}

/** A tag of the configured form that is not the live one: the next build's, as far as anybody can tell. */
function nextTag(
  image: EnvironmentSubject["environment"]["image"],
  name: string,
  live: string,
): string {
  const id = (buildOfTag(image, name, live) ?? 0) + 1;
  return imageTag(image, name, { id, number: String(id) }) ?? `${name}-${id}`;
}

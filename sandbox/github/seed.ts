import { existsSync } from "node:fs";
import { join } from "node:path";
import { adele, alex, diego, lee, megan, type SandboxPerson } from "../people.ts";
import { GitRepository } from "./repository.ts";
import * as files from "./seed-files.ts";

const day = 24 * 60 * 60 * 1000;

interface Story {
  readonly daysAgo: number;
  readonly by: SandboxPerson;
  readonly message: string;
  readonly files: Readonly<Record<string, string>>;
}

/** The bare repository of the sandbox below `folder`. */
export function gitOpsDir(folder: string): string {
  return join(folder, "omnispatial", "gitops.git");
}

/**
 * Makes the GitOps repository with its history of the past weeks, `production-40655` being live; one that exists is left
 * as it is. Returns the path of the bare repository. `now` is milliseconds since 1970; `others` are environments beside
 * production, each in a folder and a namespace of its own.
 */
export async function seedGitOps(
  folder: string,
  now: number = Date.now(),
  others: readonly string[] = [],
): Promise<string> {
  const dir = gitOpsDir(folder);
  if (existsSync(join(dir, "refs", "heads", "main"))) return dir;
  const repository = await GitRepository.create(dir);
  const chapters = [...stories(), ...newEnvironments(others)];
  await repository.write(
    "main",
    chapters.map(({ by: { name, email }, daysAgo, message, files: changed }) => ({
      message,
      by: { name, email, at: now - daysAgo * day },
      files: changed,
    })),
  );
  return dir;
}

function stories(): readonly Story[] {
  const production = "clusters/operations/production";
  const flux = "clusters/operations/flux-system";
  const roomier = files.firstRelease.replace(
    "memory: 256Mi\n      limits:\n        memory: 256Mi",
    "memory: 256Mi\n      limits:\n        memory: 512Mi",
  );
  const next = roomier.replace("production-40612", "production-40641");
  const patient = next.replace(
    "    resources:\n",
    "      startup: # the tile index takes its time\n        httpGet: { path: /livez, port: http }\n        failureThreshold: 30\n    resources:\n",
  );
  const live = patient.replace("production-40641", "production-40655");
  return [
    {
      daysAgo: 47.2,
      by: megan,
      message: "Start the repository of the Operations cluster\n",
      files: {
        "README.md": files.readme,
        [`${flux}/kustomization.yaml`]: files.fluxKustomization,
        [`${flux}/gitops.yaml`]: files.fluxSource,
        [`${flux}/operations.yaml`]: files.fluxOperations,
        [`${production}/kustomization.yaml`]: files.kustomization,
        [`${production}/namespace.yaml`]: files.namespace,
        [`${production}/oci-repository.yaml`]: files.ociRepository,
      },
    },
    {
      daysAgo: 46.9,
      by: adele,
      message: "Run the web application in production\n\nStarts with production-40612.\n",
      files: { [files.releasePath]: files.firstRelease },
    },
    {
      daysAgo: 33.1,
      by: lee,
      message:
        "Give web 512Mi\n\nTwo pods were killed for memory while the new tiles were loaded.\n",
      files: { [files.releasePath]: roomier },
    },
    {
      daysAgo: 19.4,
      by: adele,
      message: "Deploy production-40641\n",
      files: { [files.releasePath]: next },
    },
    {
      daysAgo: 12.3,
      by: diego,
      message: "Let web start slowly\n",
      files: { [files.releasePath]: patient },
    },
    {
      daysAgo: 9.8,
      by: alex,
      message: "Say whom to ask\n",
      files: {
        "README.md": `${files.readme}\nQuestions: the channel Deployments of the team OmniSpatial.\n`,
      },
    },
    {
      daysAgo: 5.2,
      by: megan,
      message: "Deploy production-40655\n",
      files: { [files.releasePath]: live },
    },
  ];
}

/** How the other environments came about: as copies of production, all of them synced by the one Kustomization. */
function newEnvironments(names: readonly string[]): readonly Story[] {
  if (names.length === 0) return [];
  const operations = "clusters/operations";
  const live = stories().findLast((story) => files.releasePath in story.files);
  const release = live?.files[files.releasePath] ?? "";
  const copies = names.flatMap((name) => {
    const folder = `${operations}/${name}`;
    const own = (text: string) =>
      text
        .replaceAll(/^(\s*(?:name|namespace)): omnispatial$/gm, `$1: omnispatial-${name}`)
        .replaceAll("production-", `${name}-`);
    return [
      [`${folder}/kustomization.yaml`, files.kustomization],
      [`${folder}/namespace.yaml`, own(files.namespace)],
      [`${folder}/oci-repository.yaml`, own(files.ociRepository)],
      [`${folder}/helm-release.yaml`, own(release)],
    ] as const;
  });
  const all = ["production", ...names].map((name) => `  - ../${name}\n`).join("");
  return [
    {
      daysAgo: 3.4,
      by: lee,
      message: `Run the web application in ${names.join(" and ")} too\n`,
      files: {
        ...Object.fromEntries(copies),
        [`${operations}/all/kustomization.yaml`]: `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n${all}`,
        [`${operations}/flux-system/operations.yaml`]: files.fluxOperations.replace(
          "operations/production",
          "operations/all",
        ),
      },
    },
  ];
}

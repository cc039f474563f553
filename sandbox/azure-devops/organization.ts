import { createHash } from "node:crypto";
import { bot, type SandboxPerson } from "../people.ts";

/** What exists in the organization, with the names and ids that every answer repeats. */
export const organization = "omnispatial";

export const project = {
  id: "c0ffee12-7a3b-4f4e-9d55-3b1f6c2a9e10",
  name: "OmniSpatial",
  description: "The OmniSpatial platform",
  state: "wellFormed",
  revision: 211,
  visibility: "private",
} as const;

export const repository = { id: "5e9d2c41-0b7f-4b0a-8c1e-6a4f3d2b1c77", name: "web" } as const;

export const definition = { id: 12, name: "web", revision: 34, path: "\\" } as const;

export const branch = "refs/heads/main";

/** The template parameters that azure-pipelines.yml declares. An empty list of values allows any. */
export const parameters: Readonly<
  Record<string, { readonly default: string; readonly values: readonly string[] }>
> = {
  environment: { default: "production", values: ["production", "staging", "testing"] },
  omnibotDeploymentId: { default: "", values: [] },
};

/** An IdentityRef: who did something, as Azure DevOps shows it. */
export interface IdentityRef {
  readonly id: string;
  readonly displayName: string;
  readonly uniqueName: string;
  readonly descriptor: string;
}

export function identityOf(person: SandboxPerson): IdentityRef {
  return {
    id: uuid(`identity ${person.aadObjectId}`),
    displayName: person.name,
    uniqueName: person.email,
    descriptor: `aad.${Buffer.from(person.aadObjectId).toString("base64url")}`,
  };
}

/** The service principal that omnibot signs in as; a service principal's unique name is its application id. */
export const omnibot: IdentityRef = {
  id: uuid(`identity ${bot.appId}`),
  displayName: "omnibot",
  uniqueName: bot.appId,
  descriptor: `aadsp.${Buffer.from(bot.appId).toString("base64url")}`,
};

/** A UUID that is the same for the same words. */
export function uuid(words: string): string {
  const hex = createHash("sha1").update(words).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export function projectRef(url: string): object {
  return { ...project, url: `${url}/_apis/projects/${project.id}` };
}

export function repositoryRef(url: string): object {
  return {
    id: repository.id,
    name: repository.name,
    url: `${url}/${project.id}/_apis/git/repositories/${repository.id}`,
    project: projectRef(url),
    defaultBranch: branch,
    size: 48_113_904,
    remoteUrl: `${url}/${project.name}/_git/${repository.name}`,
    webUrl: `${url}/${project.name}/_git/${repository.name}`,
    isDisabled: false,
    isInMaintenance: false,
  };
}

export function definitionRef(url: string): object {
  return {
    ...definition,
    uri: `vstfs:///Build/Definition/${definition.id}`,
    url: `${url}/${project.id}/_apis/build/Definitions/${definition.id}?revision=${definition.revision}`,
    type: "build",
    queueStatus: "enabled",
    project: projectRef(url),
  };
}

import { createCredential, devOpsToken } from "../azure/credential.ts";
import type { Environment } from "../config/config.ts";
import { groupOf } from "../deployment/policy.ts";
import { off, ok, type Check } from "./check.ts";
import type { Subject } from "./subject.ts";

/** What everything in Azure builds upon. */
export const azureCheck = "azure.sign-in";

/** Where this fails, Azure DevOps, the registry and AKS need not be asked. */
export function checkOfAzure({ settings, config }: Subject): Check {
  const { azure, azureDevOpsToken } = settings;
  const about = "omnibot's sign-in to Entra";
  const isUsed =
    azureDevOpsToken === undefined ||
    Object.values(config.environments).some(
      (environment) =>
        environment.image.access === "entra" ||
        environment.flux.cluster.kind === "aks" ||
        namedIn(environment).some((entry) => groupOf(entry) !== undefined),
    );
  if (!isUsed) return { id: azureCheck, about, find: () => off("nothing here uses it") };
  const remedy = {
    "managed-identity":
      "omnibot must run on the Azure resource that has this managed identity, with its client id in AZURE_CLIENT_ID; on AKS set AZURE_IDENTITY=workload-identity.",
    "workload-identity":
      "The pod needs the label azure.workload.identity/use, its service account the annotation with the client id, the cluster workload identity, and the identity a federated credential for that very service account (infra/azure).",
    "azure-cli": "Sign in with `az login`.",
    "client-secret":
      "Check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET: the secret's value, and that it has not expired.",
  }[azure.kind];
  return {
    id: azureCheck,
    about,
    async find() {
      await devOpsToken(createCredential(azure))();
      return ok(`Entra gives a token, by ${azure.kind}`);
    },
    remedies: {
      denied: remedy,
      unreachable: `Let omnibot reach Entra (https://login.microsoftonline.com, port 443). ${remedy}`,
      invalid: remedy,
    },
  };
}

/** Every person and group that an environment names. */
export function namedIn({ approval, override, permissions }: Environment): readonly string[] {
  const lists = [approval.approvers, override, ...Object.values(permissions)];
  return lists.flatMap((list) => list ?? []);
}

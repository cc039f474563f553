import { createCredential } from "../../src/azure/credential.ts";

describe("the credential is the one that the operator chose", () => {
  const before = { ...process.env };
  afterEach(() => {
    process.env = { ...before };
  });

  test("a managed identity, the resource's own or a named one", () => {
    expect(createCredential({ kind: "managed-identity" }).constructor.name).toBe(
      "ManagedIdentityCredential",
    );
    const named = createCredential({
      kind: "managed-identity",
      clientId: "11111111-1111-4111-8111-111111111111",
    });
    expect(named.constructor.name).toBe("ManagedIdentityCredential");
  });

  test("the workload identity of a pod, from the variables that AKS injects", () => {
    process.env["AZURE_TENANT_ID"] = "11111111-1111-4111-8111-111111111111";
    process.env["AZURE_CLIENT_ID"] = "22222222-2222-4222-8222-222222222222";
    process.env["AZURE_FEDERATED_TOKEN_FILE"] =
      "/var/run/secrets/azure/tokens/azure-identity-token";
    expect(createCredential({ kind: "workload-identity" }).constructor.name).toBe(
      "WorkloadIdentityCredential",
    );
  });

  test("an application with a secret", () => {
    const tenant = "11111111-1111-4111-8111-111111111111";
    const credential = createCredential({
      kind: "client-secret",
      tenant,
      clientId: tenant,
      secret: "secret",
    });
    expect(credential.constructor.name).toBe("ClientSecretCredential");
  });

  test("whoever is signed in with the Azure CLI", () => {
    expect(createCredential({ kind: "azure-cli" }).constructor.name).toBe("AzureCliCredential");
  });
});

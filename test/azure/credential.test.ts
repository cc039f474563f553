import { botToken, createBotCredential, createCredential } from "../../src/azure/credential.ts";

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

describe("the bot's registration is signed in to", () => {
  const before = { ...process.env };
  const tenant = "11111111-1111-4111-8111-111111111111";
  const appId = "22222222-2222-4222-8222-222222222222";
  const managed = { kind: "managed-identity" } as const;
  const inPod = { kind: "workload-identity" } as const;

  afterEach(() => {
    process.env = { ...before };
  });

  test("with its secret or its certificate", () => {
    expect(
      createBotCredential({ kind: "secret", appId, tenant, password: "secret" }, managed)
        .constructor.name,
    ).toBe("ClientSecretCredential");
    expect(
      createBotCredential({ kind: "certificate", appId, tenant, file: "/bot.pem" }, managed)
        .constructor.name,
    ).toBe("ClientCertificateCredential");
  });

  test("as a managed identity, of the resource or of the pod", () => {
    process.env["AZURE_TENANT_ID"] = tenant;
    process.env["AZURE_FEDERATED_TOKEN_FILE"] = "/token";
    const bot = { kind: "managed-identity", appId, tenant } as const;
    expect(createBotCredential(bot, managed).constructor.name).toBe("ManagedIdentityCredential");
    expect(createBotCredential(bot, inPod).constructor.name).toBe("WorkloadIdentityCredential");
  });

  test("as an app that trusts omnibot's identity, of the resource or of the pod", () => {
    process.env["AZURE_FEDERATED_TOKEN_FILE"] = "/token";
    const bot = { kind: "federated", appId, tenant } as const;
    expect(createBotCredential(bot, managed).constructor.name).toBe("ClientAssertionCredential");
    expect(createBotCredential(bot, inPod).constructor.name).toBe("WorkloadIdentityCredential");
  });

  test("for the Bot Connector, and says so when Entra refuses", async () => {
    const asked: unknown[] = [];
    const credential = {
      getToken: async (scope: unknown) => {
        asked.push(scope);
        return { token: "token", expiresOnTimestamp: 0 };
      },
    };
    expect(await botToken(credential)()).toBe("token");
    expect(asked).toEqual(["https://api.botframework.com/.default"]);
    const refused = {
      getToken: () => Promise.reject(errorNamed("AuthenticationError", "AADSTS700016")),
    };
    await expect(botToken(refused)()).rejects.toMatchObject({
      service: "teams",
      trouble: "denied",
      effect: "none",
    });
  });
});

function errorNamed(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

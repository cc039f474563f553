import { loadSettings, variableNames } from "../../src/config/load-settings.ts";
import { secretsOf } from "../../src/config/secrets.ts";

const base = {
  MICROSOFT_APP_ID: "00000000-0000-0000-0000-000000000001",
  MICROSOFT_APP_TENANT_ID: "00000000-0000-0000-0000-000000000002",
  AZURE_TENANT_ID: "00000000-0000-0000-0000-000000000002",
  AZURE_CLIENT_ID: "00000000-0000-0000-0000-000000000003",
  AZURE_IDENTITY: "client-secret",
  REGISTRY_USERNAME: "omnibot",
};
const secretNames = variableNames.filter((name) => /PASSWORD|SECRET|TOKEN|PRIVATE_KEY/.test(name));
const canaries = Object.fromEntries(secretNames.map((name) => [name, `canary of ${name}`]));

describe("P13 each secret of the environment is known as one:", () => {
  test("with a token of GitHub", () => {
    const secrets = secretsOf(loadSettings({ ...base, ...canaries }));
    const { GITHUB_APP_PRIVATE_KEY: _, ...expected } = canaries;
    expect(secrets.toSorted()).toEqual(Object.values(expected).toSorted());
    expect(secrets.length).toBeGreaterThan(7);
  });

  test("with an App of GitHub", () => {
    const app = { GITHUB_APP_ID: "1", GITHUB_APP_INSTALLATION_ID: "2" };
    const secrets = secretsOf(loadSettings({ ...base, ...canaries, ...app }));
    expect(secrets).toContain(canaries["GITHUB_APP_PRIVATE_KEY"]);
  });

  test.each([
    ["postgres://omnibot:p%40ss%20word@host/omnibot", "p@ss word"],
    ["postgres://omnibot:p%ss%20word@host/omnibot", "p%ss%20word"],
    ["postgres://host/omnibot?user=omnibot&password=p%40ss%20word", "p@ss word"],
  ])("with the ledger at %s", (url, password) => {
    const secrets = secretsOf(loadSettings({ ...base, ...canaries, DATABASE_URL: url }));
    expect(secrets).toContain(password);
  });

  test("where there is nothing secret, there is none", () => {
    const { REGISTRY_USERNAME: _, ...rest } = base;
    const settings = loadSettings({
      ...rest,
      AZURE_IDENTITY: "workload-identity",
      MICROSOFT_APP_TYPE: "Federated",
      GITHUB_TOKEN: "canary of GitHub",
      DATABASE_URL: "postgres://omnibot@host/omnibot",
    });
    expect(secretsOf(settings)).toEqual(["canary of GitHub"]);
  });
});

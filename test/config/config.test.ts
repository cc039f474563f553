import { readFileSync } from "node:fs";
import { loadConfig, parseConfig } from "../../src/config/load-config.ts";
import { loadSettings, variableNames } from "../../src/config/load-settings.ts";
import { steps } from "../../src/deployment/steps.ts";

const names = steps.map((step) => step.name);
const example = readFileSync("omnibot.example.yaml", "utf8");
const smallest = `
teams: { tenant: 00000000-0000-0000-0000-000000000000, channels: ["19:abc@thread.tacv2"] }
environments:
  production:
    build: { organization: https://dev.azure.com/omnispatial, project: OmniSpatial, pipeline: 12 }
    image: { registry: omnispatial.azurecr.io, repository: omnispatial/web }
    gitops: { repository: omnispatial/gitops, file: clusters/operations/production/helm-release.yaml }
    approval: { approvers: [00000000-0000-0000-0000-000000000001] }
`;

function problemsOf(text: string): string {
  try {
    parseConfig(text, "omnibot.yaml", names);
    return "none";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe("omnibot.yaml", () => {
  test("the example is valid as it stands", () => {
    const config = loadConfig("omnibot.example.yaml", names);
    expect(config.environments["production"]).toMatchObject({
      name: "production",
      approval: { required: 1, expires: 3_600_000 },
      gitops: { path: ["spec", "values", "image", "tag"] },
      deadlines: { build: 7_200_000 },
    });
  });

  test("the example shows every key with its default", () => {
    const small = parseConfig(smallest, "omnibot.yaml", names).environments["production"];
    const full = loadConfig("omnibot.example.yaml", names).environments["production"];
    expect(Object.keys(full ?? {}).toSorted()).toEqual(Object.keys(small ?? {}).toSorted());
    // Keys that have a default stand in the example with exactly that default.
    expect(full?.build).toEqual(small?.build);
    expect(full?.image).toEqual(small?.image);
    expect(full?.rollout).toEqual(small?.rollout);
    expect(full?.flux.cluster).toEqual(small?.flux.cluster);
    expect(full?.flux.poke).toEqual(small?.flux.poke);
    expect(full?.gitops.mergeMethod).toBe(small?.gitops.mergeMethod);
    expect(full?.gitops.poll).toBe(small?.gitops.poll);
  });

  test("the example names every step's default deadline", () => {
    for (const step of steps.filter((one) => one.name !== "approve")) {
      const minutes = step.deadline / 60_000;
      const words = minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
      expect(example.replaceAll(/\s*#\s*/g, " ")).toContain(`${step.name} ${words}`);
    }
  });

  test("a channel in which changes by hand are told must be one that omnibot is in", () => {
    const problems = problemsOf(`${smallest}    channel: "19:other@thread.tacv2"\n`);
    expect(problems).toContain("environments.production.channel: must be one of teams.channels");
  });

  test("an alias that names nothing, or one of far too many, is told in a sentence", () => {
    expect(problemsOf(`${smallest}extra: *nothing\n`)).toMatch(/cannot be used:[^]*aliases/);
    const many = `extra: [&a [x, x], ${Array.from({ length: 200 }, () => "*a").join(", ")}]\n`;
    expect(problemsOf(`${smallest}${many}`)).toMatch(/cannot be used:[^]*write out/);
  });

  test("every problem is told at once, with its path", () => {
    const problems = problemsOf(
      smallest
        .replace("pipeline: 12", "pipeline: twelve, colour: red")
        .replace("00000000-0000-0000-0000-000000000001", "alex")
        .replace("omnispatial/gitops", "gitops")
        .replace("https://dev.azure.com", "http://dev.azure.com"),
    );
    expect(problems).toContain("environments.production.build.pipeline:");
    expect(problems).toContain(
      "environments.production.build.colour: is not a key that omnibot knows",
    );
    expect(problems).toContain(
      "environments.production.approval.approvers.0: must be an Entra user id, or group:",
    );
    expect(problems).toContain("environments.production.gitops.repository: must be owner/name");
    expect(problems).toContain("environments.production.build.organization: must be https");
  });

  test.each([
    [
      "approvers: [00000000-0000-0000-0000-000000000001]",
      "approvers: [], required: 1",
      "needs at least one approver",
    ],
    ["] }\n", "], required: 2 }\n", "more approvals than there are approvers"],
    [
      "repository: omnispatial/web",
      "repository: omnispatial/web, tag: latest",
      "{buildId} or {buildNumber}",
    ],
    [
      "repository: omnispatial/web",
      'repository: omnispatial/web, tag: "{env}-{buildId}"',
      "knows only",
    ],
    ["registry: omnispatial.azurecr.io", "registry: http://registry.example", "loopback only"],
    ["file: clusters", "file: ../clusters", "must not contain .."],
    ["19:abc@thread.tacv2", "General", "must be a channel id"],
    ["pipeline: 12", "pipeline: 12, marker: { label: x }", "must be none, { parameter: name }"],
  ])("%s instead of %s is refused", (from, to, words) => {
    const last = smallest.lastIndexOf(from);
    expect(problemsOf(smallest.slice(0, last) + to + smallest.slice(last + from.length))).toContain(
      words,
    );
  });

  test("a deadline for an unknown step is refused with the known ones", () => {
    const problems = problemsOf(`${smallest}    deadlines: { biuld: 5m }\n`);
    expect(problems).toContain(
      "environments.production.deadlines.biuld: is not a step; the steps are approve, build",
    );
  });

  test("broken YAML is told with its line", () => {
    expect(problemsOf("teams: {\n  tenant: 'x\n")).toMatch(/line \d/);
  });

  test("a missing file says what to do", () => {
    expect(() => loadConfig("no-such.yaml", names)).toThrow(/copy omnibot.example.yaml/);
  });
});

describe("the environment", () => {
  const enough = {
    MICROSOFT_APP_ID: "app",
    MICROSOFT_APP_TENANT_ID: "t",
    MICROSOFT_APP_PASSWORD: "p",
    GITHUB_TOKEN: "g",
  };

  test(".env.example lists exactly the variables that omnibot reads", () => {
    const listed = [...readFileSync(".env.example", "utf8").matchAll(/^([A-Z_]+)=/gm)].map(
      (match) => match[1],
    );
    expect(listed.toSorted()).toEqual(variableNames.toSorted());
  });

  test("the values of .env.example are the defaults", () => {
    const written = Object.fromEntries(
      [...readFileSync(".env.example", "utf8").matchAll(/^([A-Z_]+)=(.*)$/gm)].map(
        ([, key, value]) => [key, value],
      ),
    );
    expect(loadSettings({ ...written, ...enough })).toEqual(loadSettings(enough));
  });

  test("P14 it does not start without an app id", () => {
    expect(() => loadSettings({ GITHUB_TOKEN: "g" })).toThrow(
      /MICROSOFT_APP_ID: is not set; without it anybody could give orders/,
    );
  });

  test("P14 the sandbox accepts anybody on loopback only, and never beside an app id", () => {
    expect(loadSettings({ OMNIBOT_SANDBOX: "1", GITHUB_TOKEN: "g" })).toMatchObject({
      bot: { kind: "anonymous" },
      host: "127.0.0.1",
    });
    expect(() =>
      loadSettings({ OMNIBOT_SANDBOX: "1", GITHUB_TOKEN: "g", HOST: "0.0.0.0" }),
    ).toThrow(/must be loopback/);
    expect(() => loadSettings({ ...enough, OMNIBOT_SANDBOX: "1" })).toThrow(/accepts anybody/);
  });

  test("every missing value is told at once", () => {
    const problems = () =>
      loadSettings({ GITHUB_APP_ID: "1", AZURE_IDENTITY: "client-secret", PORT: "http" });
    expect(problems).toThrow(/PORT/);
    const more = () => loadSettings({ GITHUB_APP_ID: "1", AZURE_IDENTITY: "client-secret" });
    for (const key of [
      "MICROSOFT_APP_ID",
      "AZURE_CLIENT_SECRET",
      "GITHUB_APP_PRIVATE_KEY",
      "GITHUB_APP_INSTALLATION_ID",
    ]) {
      expect(more).toThrow(`${key}: is not set`);
    }
  });

  test("the bot is a secret, a certificate, a managed identity, or an app that trusts one", () => {
    const { MICROSOFT_APP_PASSWORD: password, ...rest } = enough;
    const bot = (variables: object) => loadSettings({ ...rest, ...variables }).bot;
    expect(bot({ MICROSOFT_APP_PASSWORD: password })).toMatchObject({ kind: "secret", password });
    expect(bot({ MICROSOFT_APP_CERTIFICATE: "bot.pem" })).toMatchObject({
      kind: "certificate",
      file: "bot.pem",
    });
    expect(bot({ MICROSOFT_APP_TYPE: "UserAssignedMSI" }).kind).toBe("managed-identity");
    expect(bot({ MICROSOFT_APP_TYPE: "Federated" }).kind).toBe("federated");
    expect(() => bot({})).toThrow(/MICROSOFT_APP_PASSWORD: is not set; or set MICROSOFT_APP_CERT/);
    expect(() => loadSettings({ ...enough, MICROSOFT_APP_CERTIFICATE: "bot.pem" })).toThrow(
      /MICROSOFT_APP_PASSWORD: is not used beside/,
    );
  });

  test("an address of the ledger that is none is told without its password", () => {
    const load = () =>
      loadSettings({ ...enough, DATABASE_URL: "mysql://omnibot:geheim@db/omnibot" });
    expect(load).toThrow(/DATABASE_URL: must be an address as postgres:/);
    expect(load).not.toThrow(/geheim/);
  });
});

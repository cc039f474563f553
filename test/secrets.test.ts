import { createDevOps } from "../src/azure/devops.ts";
import { createPipelines } from "../src/azure/pipelines.ts";
import { createRegistry } from "../src/azure/registry.ts";
import { getToken } from "../src/azure/token.ts";
import { createCluster } from "../src/cluster/cluster.ts";
import type { ServiceError } from "../src/deployment/service-error.ts";
import { hideSecrets, withoutSecrets } from "../src/deployment/secrets.ts";
import { createOctokit } from "../src/github/client.ts";
import { createGitOps } from "../src/github/gitops.ts";
import { createLog } from "../src/log.ts";
import { plain } from "../src/teams/cards/text.ts";
import { asTeamsError } from "../src/teams/teams-error.ts";
import { kubeConfigFor, server } from "./cluster/environment.ts";
import { production } from "./production.ts";
import { troubleOf } from "./trouble.ts";
import { nock, withoutNetwork } from "./without-network.ts";

withoutNetwork();

const canary = "canary0canary0canary0canary0canary0canary0";
/** What omnibot signs in with, and what services have been seen to say in their errors. */
const secrets = {
  "a GitHub token": `ghp_${canary}`,
  "a fine-grained GitHub token": `github_pat_${canary}`,
  "an installation token": `ghs_${canary}`,
  "a personal access token of Azure DevOps": `${canary}${canary.slice(0, 34)}AZDOcana`,
  "a password of an ACR": `${canary}+ACRcanary`,
  "a client secret of Entra": `can8Q~${canary.slice(0, 34)}`,
  "a JWT": `eyJhbGciOiJSUzI1NiJ9.${canary}.${canary}`,
  "an Authorization header": `authorization: Bearer ${canary}`,
  "basic credentials": `Basic ${Buffer.from(`omnibot:${canary}`).toString("base64")}`,
  "a password in an address": `https://omnibot:${canary}@proxy.example/`,
  "a signed address": `https://blob.example/log?sv=${canary}&sig=${canary}`,
  "a connection string": `AccountName=x;AccountKey=${canary};`,
  "a field of JSON": `{"client_secret":"${canary}","password":"${canary}"}`,
  "a private key": `-----BEGIN RSA PRIVATE KEY-----\n${canary}\n-----END RSA PRIVATE KEY-----`,
};

const everything = Object.values(secrets).join(" ");

/** What a log says about an error and about a text. */
function logged(facts: object): string {
  let lines = "";
  const log = createLog("info", { write: (line) => void (lines += line) });
  log.error(facts, "something went wrong");
  return lines;
}

function expectNone(text: string): void {
  expect(text).not.toMatch(/canary0|Y2FuYXJ5/);
}

/** Neither its sentence, which a card may show, nor what the log says of it and its causes. */
function expectSafe(error: ServiceError): void {
  expectNone(error.message);
  expectNone(logged({ error }));
  expectNone(logged({ err: error }));
  expectNone(logged({ why: error.message }));
}

describe("P13 what looks like a secret is taken out of words from outside:", () => {
  test.each(Object.entries(secrets))("%s", (_, secret) => {
    const text = `It failed with ${secret} as always`;
    expectNone(withoutSecrets(text));
    expectNone(plain(text, 1000));
    expectNone(logged({ err: new Error(text) }));
    expectNone(logged({ why: text }));
    expect(withoutSecrets(text)).toMatch(/^It failed with .*\(hidden\)/);
  });

  test("and nothing else", () => {
    const words =
      "omnispatial.azurecr.io/omnispatial/web:production-40672@sha256:9f3c41b07de2a6c4e815dd09b3f7a2c6e41d8890a5b7c3f2e1d0c9b8a7968574 of 3f9c2ab5d0e1f2a3b4c5d6e7f8091a2b3c4d5e6f, see https://dev.azure.com/omnispatial/OmniSpatial/_build/results?buildId=40672";
    expect(withoutSecrets(words)).toBe(words);
  });
});

describe("P13 a secret of ours is taken out of words from outside, whatever it looks like:", () => {
  const ours = 'Tr0ub4dor & "3" + ünïcode';
  hideSecrets([ours, "short"]);

  test.each([
    ["as it is", ours],
    ["in an address", encodeURIComponent(ours)],
    ["in JSON", JSON.stringify({ given: ours })],
    ["in base64", Buffer.from(ours).toString("base64")],
  ])("%s", (_, said) => {
    const text = `It does not like ${said}, it says`;
    for (const shown of [
      withoutSecrets(text),
      plain(text, 1000),
      logged({ err: new Error(text) }),
      logged({ why: text }),
    ]) {
      expect(shown).toContain("(hidden)");
      expect(shown).not.toMatch(/Tr0ub4dor|ünïcode/);
      expect(shown).not.toContain(Buffer.from(ours).toString("base64").slice(0, 12));
    }
  });

  test("but no short word, which people may need to read", () => {
    expect(withoutSecrets("a short word")).toBe("a short word");
  });
});

describe("P13 a service that repeats our secrets in its error gives them neither to a card nor to the log:", () => {
  const headers = { "www-authenticate": `Bearer error="${everything.replaceAll(/[\n"]/g, "")}"` };
  const message = everything;

  test.each([401, 403, 422, 429, 500, 503])("GitHub, %d", async (status) => {
    nock("https://api.github.com").get(/.*/).reply(status, { message }, headers);
    const octokit = createOctokit({ auth: { kind: "token", token: secrets["a GitHub token"] } });
    const gitops = createGitOps({ octokit, gitops: production.gitops });
    expectSafe(await troubleOf(gitops.findBranch("omnibot/x").then(refuseAnswer)));
  });

  test.each([401, 403, 429, 500])("Azure DevOps, %d", async (status) => {
    nock("https://dev.azure.com").options(/.*/).reply(status, { message }, headers).persist();
    nock("https://dev.azure.com").get(/.*/).reply(status, { message }, headers).persist();
    const auth = {
      kind: "pat",
      token: secrets["a personal access token of Azure DevOps"],
    } as const;
    const pipelines = createPipelines({
      environment: production,
      devOps: createDevOps(production.build.organization, auth),
    });
    expectSafe(await troubleOf(pipelines.readHead()));
  });

  test.each([403, 429, 500])("the registry, %d", async (status) => {
    const errors = [{ code: "DENIED", message }];
    nock("https://omnispatial.azurecr.io").get(/.*/).reply(status, { errors }, headers);
    const image = { ...production.image, access: "anonymous" } as const;
    expectSafe(await troubleOf(createRegistry({ image }).resolve("production-40672")));
  });

  test.each([401, 403, 429, 500])("Kubernetes, %d", async (status) => {
    nock(server).get(/.*/).reply(status, { kind: "Status", message }, headers).persist();
    const cluster = createCluster({
      kubeConfig: kubeConfigFor(),
      environment: production,
      clock: Date,
    });
    expectSafe(
      await troubleOf(cluster.readLive({ name: "omnispatial-web", namespace: "omnispatial" })),
    );
  });

  test("Entra", async () => {
    const credential = { getToken: () => Promise.reject(new Error(everything)) };
    expectSafe(await troubleOf(getToken(credential, "scope", "registry")));
  });

  test("Teams, whose SDK hangs the whole request on its error", () => {
    const error = Object.assign(new Error(everything), {
      statusCode: 502,
      request: { headers: { authorization: `Bearer ${canary}` } },
      response: { headers: new Map([["x-echo", canary]]), bodyAsText: everything },
    });
    expectSafe(asTeamsError(error));
  });
});

function refuseAnswer(answer: unknown): never {
  throw new Error(`the service answered: ${JSON.stringify(answer)}`);
}

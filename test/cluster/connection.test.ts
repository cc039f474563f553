import { type KubeConfig, RequestContext, HttpMethod } from "@kubernetes/client-node";
import { createKubeConfig } from "../../src/cluster/connection.ts";
import { EntraAuthenticator } from "../../src/cluster/entra.ts";
import { ServiceError } from "../../src/deployment/service-error.ts";
import { kubeConfigFor } from "./environment.ts";

const aks = {
  kind: "aks",
  server: "https://operations.azmk8s.example:443",
  certificateAuthority: Buffer.from("no certificate").toString("base64"),
} as const;

async function headersOf(kubeConfig: KubeConfig): Promise<Record<string, string>> {
  const request = new RequestContext("https://operations.azmk8s.example/api", HttpMethod.GET);
  await kubeConfig.applySecurityAuthentication(request);
  return request.getHeaders();
}

test("AKS gets a token of Entra for its server application", async () => {
  const scopes: string[] = [];
  const credential = {
    getToken: (scope: string) => {
      scopes.push(scope);
      return Promise.resolve({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 });
    },
  };
  const kubeConfig = createKubeConfig(aks, credential);
  expect(kubeConfig.getCurrentCluster()?.server).toBe(aks.server);
  expect(kubeConfig.getCurrentCluster()?.skipTLSVerify).toBe(false);
  expect(await headersOf(kubeConfig)).toEqual({ Authorization: "Bearer t" });
  await headersOf(kubeConfig);
  expect(scopes).toEqual(["6dae42f8-4368-4678-94ff-3960e28e3630/.default"]);
});

test("AKS without a credential is a mistake that is told at the start", () => {
  expect(() => createKubeConfig(aks)).toThrow("AKS needs an Entra credential");
});

test("a token is renewed before it expires, and asked for once however many wait", async () => {
  let now = 0;
  let asked = 0;
  const credential = {
    getToken: () => {
      asked += 1;
      return Promise.resolve({ token: `t${asked}`, expiresOnTimestamp: now + 3_600_000 });
    },
  };
  const authenticator = new EntraAuthenticator(credential, () => now);
  const sign = async () => {
    const options: { headers?: unknown } = {};
    await authenticator.applyAuthentication({ name: "entra" }, options);
    return options.headers;
  };
  expect(await Promise.all([sign(), sign()])).toEqual([
    { Authorization: "Bearer t1" },
    { Authorization: "Bearer t1" },
  ]);
  now = 3_600_000 - 5 * 60_000;
  expect(await sign()).toEqual({ Authorization: "Bearer t2" });
  expect(asked).toBe(2);
});

test("no token is a ServiceError, and asked for anew the next time", async () => {
  let answer: unknown = Object.assign(new Error("no identity"), {
    name: "CredentialUnavailableError",
  });
  const credential = {
    getToken: () =>
      answer instanceof Error
        ? Promise.reject(answer)
        : Promise.resolve({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  const authenticator = new EntraAuthenticator(credential);
  const failed: unknown = await authenticator
    .applyAuthentication({ name: "entra" }, {})
    .catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(ServiceError);
  expect(failed).toMatchObject({
    service: "kubernetes",
    trouble: "denied",
    effect: "none",
    message: "omnibot could not sign in to Entra for the cluster: no identity",
  });
  answer = undefined;
  await authenticator.applyAuthentication({ name: "entra" }, {});
});

test("one dispatcher serves all calls, so that connections are kept", async () => {
  const kubeConfig = kubeConfigFor();
  const dispatcherOf = async () => {
    const request = new RequestContext("http://kubernetes.example/api", HttpMethod.GET);
    await kubeConfig.applySecurityAuthentication(request);
    return request.getDispatcher();
  };
  const first = await dispatcherOf();
  expect(first).toBeDefined();
  expect(await dispatcherOf()).toBe(first);
});

test("a context that is not in the kubeconfig is told at the start", () => {
  expect(() => createKubeConfig({ kind: "kubeconfig", context: "absent" })).toThrow(
    "The kubeconfig has no context absent",
  );
});

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { variableNames } from "../../src/config/load-settings.ts";
import {
  explainingRights,
  needlessRights,
  neededRights,
  pokingRight,
} from "../../src/cluster/rights.ts";
import { kubernetesFolder, manifestsOf, rbac } from "./manifests.ts";

const hasKubectl = spawnSync("kubectl", ["version", "--client"]).status === 0;
if (!hasKubectl) process.stdout.write("no kubectl here: the overlays are not built\n");

const container = z.object({
  env: z.array(z.object({ name: z.string() }).loose()),
  securityContext: z.looseObject({}),
  resources: z.object({ limits: z.object({ memory: z.string() }) }).loose(),
  livenessProbe: z.looseObject({}),
  readinessProbe: z.looseObject({}),
});
const workload = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        securityContext: z.looseObject({}),
        terminationGracePeriodSeconds: z.number(),
        containers: z.tuple([container]),
      }),
    }),
  }),
});

function theDeployment() {
  const found = manifestsOf("base").find(({ kind }) => kind === "Deployment");
  return workload.parse(found).spec.template.spec;
}

describe("omnibot on Kubernetes", () => {
  test("runs without any right on its node: not root, nothing writable, no capability", () => {
    const { securityContext, containers } = theDeployment();
    expect(securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  test("has the time that a shutdown takes, ten seconds, and some more", () => {
    expect(theDeployment().terminationGracePeriodSeconds).toBeGreaterThan(10);
  });

  test("sets only variables that omnibot reads", () => {
    for (const { name } of theDeployment().containers[0].env) expect(variableNames).toContain(name);
  });

  test("may read, and neither write anything nor see a secret", () => {
    const rules = manifestsOf("access").flatMap((one) => one.rules ?? []);
    expect(rules.length).toBeGreaterThan(0);
    expect([...new Set(rules.flatMap(({ verbs }) => verbs))].toSorted()).toEqual([
      "get",
      "list",
      "watch",
    ]);
    const resources = rules.flatMap((one) => one.resources);
    for (const forbidden of ["*", "secrets", "configmaps", "pods/exec", "nodes"])
      expect(resources).not.toContain(forbidden);
  });

  test("grants what the doctor asks for, and nothing that it warns of", () => {
    const places = {
      release: "omnispatial",
      kustomization: "flux-system",
      source: { namespace: "flux-system", name: "flux-system" },
      workloads: "omnispatial",
    };
    const wishes = (rights: ReturnType<typeof neededRights>) =>
      rights.map((right) => ({ ...right, name: right.name }));
    const granted = rbac("access");
    const reading = wishes([...neededRights(places), ...explainingRights(places)]);
    expect(reading.filter((wish) => !granted(wish))).toEqual([]);
    const writing = wishes([...needlessRights(places), pokingRight(places)]);
    expect(writing.filter(granted)).toEqual([]);
    expect(wishes([pokingRight(places)]).every(rbac("access", "poke"))).toBe(true);
  });

  test("gets the right to poke Flux only where that is chosen, for one source, and for its annotations", () => {
    const objects = manifestsOf("poke");
    expect(objects.flatMap((one) => one.rules ?? [])).toEqual([
      {
        apiGroups: ["source.toolkit.fluxcd.io"],
        resources: ["gitrepositories"],
        resourceNames: ["flux-system"],
        verbs: ["patch"],
      },
    ]);
    expect(JSON.stringify(objects)).toContain("object.spec == oldObject.spec");
  });

  test("is told of changes at the addresses that it has, from outside at no other", () => {
    const hooks = [...variableNames].filter((name) => name.endsWith("_HOOK_SECRET"));
    const names = hooks.map((name) =>
      name.replace("_HOOK_SECRET", "").toLowerCase().replace("_", "-"),
    );
    const reached = (folder: string) =>
      JSON.stringify(manifestsOf(folder)).match(/\/api\/[\w/-]+/g) ?? [];
    const outside = names.filter((name) => name !== "flux").map((name) => `/api/hooks/${name}`);
    expect(reached("base").toSorted()).toEqual([...outside, "/api/messages"]);
    expect(reached("delivery")).toEqual(["/api/hooks/flux"]);
    expect(names).toContain("flux");
  });

  test("has the example's configuration, so that there is one to read about", () => {
    const example = readFileSync(join(kubernetesFolder, "../../omnibot.example.yaml"), "utf8");
    expect(readFileSync(join(kubernetesFolder, "base/omnibot.yaml"), "utf8")).toBe(example);
  });
});

(hasKubectl ? describe : describe.skip)("the overlays of infra/kubernetes", () => {
  test.each(["sqlite", "postgres", "access", "delivery"])("build with kustomize: %s", (folder) => {
    expect(build(folder).length).toBeGreaterThan(1);
  });

  test("build from the copies that docs/setup.md makes, where its delivery looks for them", () => {
    const gitops = mkdtempSync(join(tmpdir(), "omnibot-gitops-"));
    try {
      const guide = readFileSync("docs/setup.md", "utf8");
      const block = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)]
        .map(([, commands = ""]) => commands)
        .find((commands) => commands.includes("infra/kubernetes/base"));
      const commands = (block ?? "exit 1")
        .replaceAll("<gitops>", gitops)
        .replace("cp omnibot.yaml", "cp omnibot.example.yaml");
      execFileSync("bash", ["-e", "-c", `mkdir -p ${gitops}/clusters/operations\n${commands}`]);
      const delivery = z
        .object({ spec: z.object({ path: z.string() }) })
        .parse(parse(readFileSync(join(gitops, "clusters/operations/omnibot.yaml"), "utf8")));
      const kinds = build(join(gitops, delivery.spec.path)).map(({ kind }) => kind);
      for (const kind of ["Deployment", "PersistentVolumeClaim", "ClusterRole", "ConfigMap"])
        expect(kinds).toContain(kind);
    } finally {
      rmSync(gitops, { recursive: true, force: true });
    }
  });

  test("keep each binding in its namespace", () => {
    const bindings = build("sqlite").filter(({ kind }) => kind === "RoleBinding");
    expect(bindings.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual([
      "flux-system/omnibot-controllers",
      "omnispatial/omnibot-workloads",
    ]);
  });
});

function build(folder: string) {
  const text = execFileSync("kubectl", ["kustomize", resolve(kubernetesFolder, folder)], {
    encoding: "utf8",
    timeout: 20_000,
  });
  const object = z.looseObject({
    kind: z.string(),
    metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
  });
  return parseAllDocuments(text).map((document) => object.parse(document.toJS()));
}

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { devNull, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const production = "clusters/operations/production";

/** A bare repository with the least that Flux needs, and a clone to change it by hand. */
export interface GitOps {
  readonly dir: string;
  /** Writes files of the production folder, commits and pushes; returns the commit. */
  push(files: Readonly<Record<string, string>>): Promise<string>;
  remove(): Promise<void>;
}

export async function createGitOps(tag: string, spec = ""): Promise<GitOps> {
  const folder = await mkdtemp(join(tmpdir(), "gitops-"));
  const dir = join(folder, "gitops.git");
  const clone = join(folder, "clone");
  await git(folder, "init", "--quiet", "--bare", "--initial-branch=main", dir);
  await git(folder, "clone", "--quiet", dir, clone);
  await git(clone, "checkout", "--quiet", "-B", "main");
  const push = async (files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) {
      const path = join(clone, production, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
    await git(clone, "add", "--all");
    await git(clone, "commit", "--quiet", "--message", "Change production");
    await git(clone, "push", "--quiet", "origin", "main");
    return (await git(clone, "rev-parse", "HEAD")).trim();
  };
  await push({
    "kustomization.yaml":
      "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - namespace.yaml\n  - helm-release.yaml\n",
    "namespace.yaml": "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: omnispatial\n",
    "helm-release.yaml": helmRelease(tag, spec),
  });
  return { dir, push, remove: () => rm(folder, { recursive: true, force: true }) };
}

export function helmRelease(tag: string, spec = ""): string {
  return `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: omnispatial-web
  namespace: omnispatial
spec:
  interval: 15m
  chart:
    spec:
      chart: web
      version: 2.14.x
      sourceRef:
        kind: HelmRepository
        name: charts
        namespace: flux-system
${spec}  values:
    replicaCount: 3
    image:
      repository: omnispatial.azurecr.io/omnispatial/web
      tag: ${tag}
`;
}

async function git(cwd: string, ...args: string[]): Promise<string> {
  const identity = ["-c", "user.name=Megan", "-c", "user.email=megan@omnispatial.example"];
  const env = {
    PATH: process.env["PATH"] ?? "",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: devNull,
  };
  const { stdout } = await promisify(execFile)("git", [...identity, ...args], { cwd, env });
  return stdout;
}

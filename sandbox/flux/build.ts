import { posix } from "node:path";
import { parseAllDocuments } from "yaml";
import { isRecord } from "../kubernetes/merge-patch.ts";
import { BuildError, type Manifest } from "./manifest.ts";
import { applyPatches } from "./patches.ts";
import type { Repository } from "./repository.ts";

const kustomizationFiles = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
const understood = new Set(["apiVersion", "kind", "metadata", "resources", "namespace", "patches"]);

/**
 * Builds the objects below a path of a commit: the resources that a kustomization lists (files and folders), or all YAML
 * files where there is none. Throws a BuildError for anything that kustomize would refuse, and for what it could do beyond.
 */
export async function build(
  repository: Repository,
  sha: string,
  path: string,
): Promise<Manifest[]> {
  const folder = posix
    .normalize(path)
    .replace(/^\.?\/|\/$/g, "")
    .replace(/^\.$/, "");
  const files = await repository.files(sha, folder);
  if (files.length === 0) {
    throw new BuildError(
      `kustomization path not found: stat /tmp/kustomization/${folder}: no such file or directory`,
    );
  }
  return await buildFolder({ repository, sha, files }, folder);
}

interface Tree {
  readonly repository: Repository;
  readonly sha: string;
  readonly files: readonly string[];
}

async function buildFolder(tree: Tree, folder: string): Promise<Manifest[]> {
  const file = kustomizationFiles
    .map((name) => posix.join(folder, name))
    .find((name) => tree.files.includes(name));
  if (file === undefined) {
    const inside = tree.files.filter(
      (name) => name.startsWith(folder === "" ? "" : `${folder}/`) && /\.ya?ml$/.test(name),
    );
    return (await Promise.all(inside.map((name) => readManifests(tree, name)))).flat();
  }
  const [kustomization] = await readDocuments(tree, file);
  if (!isRecord(kustomization)) throw new BuildError(`kustomization.yaml is empty`);
  const beyond = Object.keys(kustomization).find((field) => !understood.has(field));
  if (beyond !== undefined)
    throw new BuildError(
      `kustomize build failed: the sandbox does not know the field "${beyond}" of ${file}`,
    );
  const resources = Array.isArray(kustomization["resources"])
    ? kustomization["resources"].map(String)
    : [];
  const built = await Promise.all(
    resources.map((resource) => buildResource(tree, folder, resource)),
  );
  const namespace = kustomization["namespace"];
  const all = built
    .flat()
    .map((manifest) =>
      typeof namespace === "string" ? inNamespace(manifest, namespace) : manifest,
    );
  return applyPatches(all, kustomization["patches"]);
}

async function buildResource(tree: Tree, folder: string, resource: string): Promise<Manifest[]> {
  const path = posix.join(folder, resource);
  if (tree.files.includes(path)) return await readManifests(tree, path);
  const { repository, sha } = tree;
  // A folder may lie outside the one that is built.
  const files = [...tree.files, ...(await repository.files(sha, path))];
  if (files.includes(path)) return await readManifests({ ...tree, files }, path);
  if (files.some((name) => name.startsWith(`${path}/`)))
    return await buildFolder({ ...tree, files }, path);
  throw new BuildError(
    `kustomize build failed: accumulating resources: accumulation err='accumulating resources from '${resource}': open /tmp/kustomization/${path}: no such file or directory'`,
  );
}

async function readManifests(tree: Tree, path: string): Promise<Manifest[]> {
  const documents = await readDocuments(tree, path);
  return documents
    .filter((document) => document !== null)
    .map((document) => toManifest(document, path));
}

async function readDocuments({ repository, sha }: Tree, path: string): Promise<unknown[]> {
  const documents = parseAllDocuments(await repository.read(sha, path));
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => {
    const [error] = document.errors;
    if (error === undefined) return document.toJS();
    const line = error.linePos?.[0].line ?? 0;
    const cause = `MalformedYAMLError: yaml: line ${line}: ${error.message.split("\n")[0] ?? ""} in File: ${posix.basename(path)}`;
    throw new BuildError(
      `kustomize build failed: accumulating resources: accumulation err='accumulating resources from '${posix.basename(path)}': ${cause}'`,
    );
  });
}

function toManifest(content: unknown, path: string): Manifest {
  const metadata = isRecord(content) ? content["metadata"] : undefined;
  if (!isRecord(content) || !isRecord(metadata))
    throw new BuildError(`kustomize build failed: missing metadata.name in object in ${path}`);
  const { apiVersion, kind } = content;
  const { name, namespace } = metadata;
  if (typeof apiVersion !== "string" || typeof kind !== "string" || typeof name !== "string") {
    throw new BuildError(
      `kustomize build failed: missing apiVersion, kind or metadata.name in object in ${path}`,
    );
  }
  return {
    apiVersion,
    kind,
    name,
    namespace: typeof namespace === "string" ? namespace : undefined,
    content,
  };
}

function inNamespace(manifest: Manifest, namespace: string): Manifest {
  return manifest.kind === "Namespace" ? manifest : { ...manifest, namespace };
}

import { isMap, isScalar, parseAllDocuments, type Document, type YAMLMap } from "yaml";
import type { Bad } from "../deployment/ports.ts";
import { bad, lineAt } from "./lines.ts";

/** One HelmRelease of a file. */
export interface Release {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly document: Document.Parsed;
  readonly root: YAMLMap;
  readonly line: number;
}

/** Reads every document of a file, or says why it is not YAML. A key that stands twice is an error: Go takes the other one. */
export function parseDocuments(source: string): readonly Document.Parsed[] | Bad {
  const documents = parse(source);
  if (documents === undefined) return bad("yaml-invalid", "The file cannot be parsed.");
  for (const document of documents) {
    const error = document.errors[0];
    if (error === undefined) continue;
    const reason = error.message.split("\n", 1)[0] ?? error.code;
    return bad(
      error.code === "DUPLICATE_KEY" ? "yaml-duplicate-key" : "yaml-invalid",
      `Line ${lineAt(source, error.pos[0])}: ${reason.replace(/ at line \d.*$/, "")}.`,
    );
  }
  return documents;
}

function parse(source: string): readonly Document.Parsed[] | undefined {
  try {
    const documents = parseAllDocuments(source, { keepSourceTokens: true, logLevel: "silent" });
    return Array.isArray(documents) ? documents : [];
  } catch {
    return undefined;
  }
}

/** The HelmReleases of Flux 2 in a file, with the wanted name where one is given. */
export function findReleases(
  source: string,
  documents: readonly Document.Parsed[],
  name: string | undefined,
): readonly Release[] | Bad {
  const all = documents.flatMap((document) => readRelease(source, document) ?? []);
  const wanted = all.filter((release) => name === undefined || release.name === name);
  if (wanted.length > 0) return wanted;
  if (all.length > 0) {
    return bad("release-not-found", `The file holds ${describe(all)}, and no HelmRelease ${name}.`);
  }
  const old = documents.find((document) =>
    /^(helm|flux)\S*\.fluxcd\.io\//.test(text(document.contents, "apiVersion") ?? ""),
  );
  if (old === undefined)
    return bad("release-not-found", "The file holds no HelmRelease of helm.toolkit.fluxcd.io.");
  const version = text(old.contents, "apiVersion");
  return bad(
    "release-not-found",
    `Line ${lineAt(source, start(old))}: ${version} is Flux 1, which omnibot does not know.`,
  );
}

export function describe(releases: readonly Release[]): string {
  return releases.map((release) => `${release.name} (line ${release.line})`).join(", ");
}

function readRelease(source: string, document: Document.Parsed): Release | undefined {
  const root: unknown = document.contents;
  if (!isMap(root) || text(root, "kind") !== "HelmRelease") return undefined;
  if (text(root, "apiVersion")?.startsWith("helm.toolkit.fluxcd.io/") !== true) return undefined;
  const metadata = root.get("metadata", true);
  const name = text(metadata, "name");
  if (name === undefined) return undefined;
  return {
    name,
    namespace: text(metadata, "namespace"),
    document,
    root,
    line: lineAt(source, start(document)),
  };
}

function start(document: Document.Parsed): number {
  return document.contents?.range[0] ?? document.range[0];
}

function text(map: unknown, key: string): string | undefined {
  if (!isMap(map)) return undefined;
  const node = map.get(key, true);
  return isScalar(node) && typeof node.value === "string" && node.value !== ""
    ? node.value
    : undefined;
}

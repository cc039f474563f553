import { createHash } from "node:crypto";
import { isRecord } from "../kubernetes/merge-patch.ts";
import type { HelmRelease } from "../kubernetes/objects.ts";

/** The chart of a release, as its source has it. */
export interface Chart {
  readonly name: string;
  readonly version: string;
  readonly appVersion: string;
  /** Digest of an OCI artifact. */
  readonly ociDigest?: string;
}

/** What the newest major version of any chart in the sandbox's repositories is. */
const newestMajor = 4;

/** Whether a chart repository of the sandbox has a version of this range. */
export function hasVersion(range: string | undefined): boolean {
  return Number(resolveVersion(range).split(".")[0]) <= newestMajor;
}

/** The newest version of a range that the sandbox's chart repositories have: 1.8.x is 1.8.4, a full version is itself. */
export function resolveVersion(range: string | undefined): string {
  const numbers = /(\d+)(?:\.(\d+|x|\*))?(?:\.(\d+|x|\*))?/.exec(range ?? "1");
  const [, major = "1", minor = "8", patch = "4"] = numbers ?? [];
  const pick = (part: string, newest: string) => (/^\d+$/.test(part) ? part : newest);
  return `${major}.${pick(minor, "8")}.${pick(patch, "4")}`;
}

export function sha256(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/** Equal values have equal digests, whatever the order of their keys. */
export function digestValues(values: unknown): string {
  return sha256(JSON.stringify(sortKeys(values)));
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, one]) => [name, sortKeys(one)]),
  );
}

export function releaseName({ metadata, spec }: HelmRelease): string {
  return spec.releaseName ?? metadata.name;
}

/** The image of the only container, `repository:tag`. Throws what Helm says when there is none. */
export function renderImage(values: Readonly<Record<string, unknown>>): string {
  const image = isRecord(values["image"]) ? values["image"] : {};
  const { repository, tag } = image;
  if (typeof repository !== "string" || (typeof tag !== "string" && typeof tag !== "number")) {
    throw new Error(
      "values don't meet the specifications of the schema(s) in the following chart(s): image.repository and image.tag are required",
    );
  }
  return `${repository}:${tag}`;
}

/** What the API server refuses of the chart's Service, in its words; undefined where it takes it. */
export function refuseService(
  release: HelmRelease,
  values: Readonly<Record<string, unknown>>,
): string | undefined {
  const service = isRecord(values["service"]) ? values["service"] : {};
  const { port = 8080 } = service;
  if (typeof port === "number" && port >= 1 && port <= 65_535) return undefined;
  const name = releaseName(release);
  return `cannot patch "${name}" with kind Service: Service "${name}" is invalid: spec.ports[0].port: Invalid value: ${String(port)}: must be between 1 and 65535, inclusive`;
}

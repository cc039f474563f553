import type { Scenario } from "../scenario.ts";

/** What the registry has under a reference, and how it behaves when a cluster runs it. */
export interface Image {
  /** Digest of the index: what a node reports. */
  readonly digest: string;
  readonly platformDigests: readonly string[];
  readonly scenario: Scenario;
}

/** Finds an image by its reference, `registry/repository:tag`; undefined when there is none. */
export type FindImage = (reference: string) => Image | undefined;

export interface ImageName {
  readonly registry: string;
  readonly repository: string;
  /** `registry/repository`. */
  readonly name: string;
  readonly tag: string;
}

export function parseImage(reference: string): ImageName {
  const [withoutDigest = ""] = reference.split("@");
  const colon = withoutDigest.lastIndexOf(":");
  const tagged = colon > withoutDigest.lastIndexOf("/");
  const name = tagged ? withoutDigest.slice(0, colon) : withoutDigest;
  const slash = name.indexOf("/");
  return {
    registry: slash < 0 ? "docker.io" : name.slice(0, slash),
    repository: name.slice(slash + 1),
    name,
    tag: tagged ? withoutDigest.slice(colon + 1) : "latest",
  };
}

/** Why a pull fails, in containerd's words; undefined when it succeeds. */
export function explainPullFailure(
  reference: string,
  image: Image | undefined,
): string | undefined {
  const unpack = `failed to pull and unpack image "${reference}": failed to resolve reference "${reference}"`;
  if (image === undefined)
    return `rpc error: code = NotFound desc = ${unpack}: ${reference}: not found`;
  if (image.scenario !== "image-cannot-be-pulled") return undefined;
  const { registry, repository } = parseImage(reference);
  const scope = encodeURIComponent(`repository:${repository}:pull`);
  const request = `https://${registry}/oauth2/token?scope=${scope}&service=${registry}`;
  return `${unpack}: failed to authorize: failed to fetch anonymous token: unexpected status from GET request to ${request}: 401 Unauthorized`;
}

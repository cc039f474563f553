import type { ImageConfig } from "../config/config.ts";

/** An OCI tag: the grammar of the distribution specification. */
const ociTag = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** The tag of a build in this environment; undefined when it would not be a tag at all. */
export function imageTag(
  image: Pick<ImageConfig, "tag">,
  environment: string,
  build: { readonly id: number; readonly number: string | undefined },
): string | undefined {
  if (build.number === undefined && image.tag.includes("{buildNumber}")) return undefined;
  const tag = image.tag
    .replaceAll("{environment}", environment)
    .replaceAll("{buildId}", String(build.id))
    .replaceAll("{buildNumber}", build.number ?? "");
  return ociTag.test(tag) ? tag : undefined;
}

/** The build whose tag this is, where tags carry the build's id; undefined where it does not have the configured form. */
export function buildOfTag(
  image: Pick<ImageConfig, "tag">,
  environment: string,
  tag: string,
): number | undefined {
  const [before = "", after] = image.tag
    .replaceAll("{environment}", environment)
    .split("{buildId}");
  if (after === undefined || !tag.startsWith(before) || !tag.endsWith(after)) return undefined;
  const digits = tag.slice(before.length, tag.length - after.length);
  return /^\d{1,10}$/.test(digits) ? Number(digits) : undefined;
}

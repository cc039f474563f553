import { createHash } from "node:crypto";
import { z } from "zod";

/**
 * Every form that a manifest may have. Without its own form in Accept a registry answers 404 for an image that is there
 * (measured with docker-registry 2.8).
 */
export const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

const platform = z
  .object({ os: z.string().nullish(), architecture: z.string().nullish() })
  .nullish();

/** An index names one manifest for each platform; a manifest names its configuration. */
const manifest = z.object({
  manifests: z.array(z.object({ digest, platform })).optional(),
  config: z.object({ digest }).optional(),
});

export interface Manifest {
  /** Of the bytes themselves. */
  readonly digest: string;
  /** Digests of the manifests of its platforms, when it is an index. */
  readonly platforms: readonly string[];
  readonly config: string | undefined;
}

/** Reads a manifest; undefined when the bytes are none. */
export function readManifest(bytes: Buffer, value: unknown): Manifest | undefined {
  const checked = manifest.safeParse(value);
  if (!checked.success) return undefined;
  const { manifests = [], config } = checked.data;
  // BuildKit adds attestations for a platform "unknown": no node ever runs them.
  const platforms = manifests
    .filter((one) => one.platform?.os !== "unknown")
    .map((one) => one.digest);
  if (platforms.length === 0 && config === undefined) return undefined;
  return { digest: digestOf(bytes), platforms, config: config?.digest };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

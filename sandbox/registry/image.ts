import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { Scenario } from "../scenario.ts";

export const indexType = "application/vnd.oci.image.index.v1+json";
export const manifestType = "application/vnd.oci.image.manifest.v1+json";
const configType = "application/vnd.oci.image.config.v1+json";
const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";

/** What was built, and what a cluster that runs it will see. */
export interface ImageContent {
  readonly scenario: Scenario;
  readonly commit: string;
}

export interface Stored {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export interface Image {
  readonly index: Stored;
  /** One per platform: linux/amd64, linux/arm64. */
  readonly manifests: readonly Stored[];
  /** Configurations and layers. */
  readonly blobs: readonly Stored[];
}

const architectures = ["amd64", "arm64"] as const;

/** The layer of every image: an empty tar, whose end is two blocks of zeros. */
const emptyTar = Buffer.alloc(1024);

/**
 * Builds a real image of two platforms: every digest is the SHA-256 of the bytes it names. `build` makes two images of the
 * same content differ, as two builds of one commit do.
 */
export function buildImage(name: string, content: ImageContent, build: number, now: Date): Image {
  const layer = store(layerType, gzipSync(emptyTar));
  const platforms = architectures.map((architecture) => {
    const config = storeJson(configType, configuration(name, content, build, architecture, now));
    const manifest = storeJson(manifestType, {
      schemaVersion: 2,
      mediaType: manifestType,
      config: describe(config),
      layers: [describe(layer)],
    });
    return { architecture, config, manifest };
  });
  const index = storeJson(indexType, {
    schemaVersion: 2,
    mediaType: indexType,
    manifests: platforms.map(({ architecture, manifest }) => ({
      ...describe(manifest),
      platform: { architecture, os: "linux" },
    })),
    annotations: { "org.opencontainers.image.revision": content.commit },
  });
  return {
    index,
    manifests: platforms.map(({ manifest }) => manifest),
    blobs: [...platforms.map(({ config }) => config), layer],
  };
}

function configuration(
  name: string,
  content: ImageContent,
  build: number,
  architecture: string,
  now: Date,
): object {
  const created = now.toISOString();
  return {
    created,
    architecture,
    os: "linux",
    config: {
      User: "1000",
      ExposedPorts: { "8080/tcp": {} },
      Env: ["PATH=/usr/local/bin:/usr/bin:/bin", "NODE_ENV=production"],
      Cmd: ["node", "server.js"],
      Labels: {
        "org.opencontainers.image.revision": content.commit,
        "org.opencontainers.image.version": name,
      },
    },
    rootfs: { type: "layers", diff_ids: [sha256(emptyTar)] },
    history: [{ created, created_by: `docker build ${name}, image ${build} of this registry` }],
  };
}

function storeJson(mediaType: string, value: object): Stored {
  return store(mediaType, Buffer.from(JSON.stringify(value, undefined, 3)));
}

function store(mediaType: string, bytes: Buffer): Stored {
  return { digest: sha256(bytes), mediaType, bytes };
}

function describe(stored: Stored): object {
  return { mediaType: stored.mediaType, digest: stored.digest, size: stored.bytes.length };
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

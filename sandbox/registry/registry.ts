import { StandIn, type StandInAnswer, type StandInRequest } from "../stand-in.ts";
import type { Scenario } from "../scenario.ts";
import { Access, type AccessOptions } from "./access.ts";
import { refusal, versionHeader } from "./answer.ts";
import { buildImage, type Image, type ImageContent, type Stored } from "./image.ts";

export interface RegistryOptions extends AccessOptions {
  readonly port?: number;
}

export interface ImageDescription {
  readonly digest: string;
  /** Digests of the platforms' manifests: linux/amd64, then linux/arm64. */
  readonly platformDigests: readonly string[];
  readonly scenario: Scenario;
}

export interface Registry {
  readonly url: string;
  /** host:port, the name of the service in tokens and of the registry in image references. */
  readonly host: string;
  readonly standIn: StandIn;
  /** Stores a new image, never the same twice, and moves the tag to it. */
  push(repository: string, tag: string, content: ImageContent): { readonly digest: string };
  describe(repository: string, tag: string): ImageDescription | undefined;
  /** Takes the tag away; the image stays and answers to its digest. */
  remove(repository: string, tag: string): void;
  /** Moves the tag to the image that another tag names now. Throws when there is no such image. */
  retag(repository: string, tag: string, to: string): void;
  close(): Promise<void>;
}

interface Repository {
  /** Tag to digest of an index. */
  readonly tags: Map<string, string>;
  readonly images: Map<string, { readonly image: Image; readonly scenario: Scenario }>;
  readonly manifests: Map<string, Stored>;
  readonly blobs: Map<string, Stored>;
}

/** A container registry: the reading half of OCI distribution v2, with ACR's and Docker's ways to sign in. */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const standIn = new StandIn("registry");
  const access = new Access(standIn, options);
  const repositories = new Map<string, Repository>();
  let builds = 0;

  /** Adds a route for GET and HEAD that needs a token for this action on the repository in its path. */
  function read(
    pattern: string,
    action: string | undefined,
    answer: (request: StandInRequest) => StandInAnswer,
  ): void {
    for (const method of ["GET", "HEAD"]) {
      standIn.route(method, pattern, (request) => {
        const scope =
          action === undefined ? undefined : `repository:${request.params["name"] ?? ""}:${action}`;
        return access.permits(request, scope) ? answer(request) : access.challenge(request, scope);
      });
    }
  }

  read("/v2/", undefined, () => ({ status: 200, headers: versionHeader, json: {} }));
  read("/v2/*name/tags/list", "metadata_read", (request) => listTags(repositories, request));
  read("/v2/*name/manifests/:reference", "pull", (request) => readManifest(repositories, request));
  read("/v2/*name/blobs/:digest", "pull", (request) => readBlob(repositories, request));

  const url = await standIn.listen(options.port);
  return {
    url,
    host: new URL(url).host,
    standIn,
    push(name, tag, content) {
      const image = buildImage(`${name}:${tag}`, content, ++builds, new Date());
      const repository = repositories.get(name) ?? emptyRepository();
      repositories.set(name, repository);
      for (const manifest of [image.index, ...image.manifests])
        repository.manifests.set(manifest.digest, manifest);
      for (const blob of image.blobs) repository.blobs.set(blob.digest, blob);
      repository.images.set(image.index.digest, { image, scenario: content.scenario });
      repository.tags.set(tag, image.index.digest);
      return { digest: image.index.digest };
    },
    describe(name, tag) {
      const repository = repositories.get(name);
      const found = repository?.images.get(repository.tags.get(tag) ?? "");
      if (found === undefined) return undefined;
      const platformDigests = found.image.manifests.map((manifest) => manifest.digest);
      return { digest: found.image.index.digest, platformDigests, scenario: found.scenario };
    },
    remove(name, tag) {
      repositories.get(name)?.tags.delete(tag);
    },
    retag(name, tag, to) {
      const repository = repositories.get(name);
      const digest = repository?.tags.get(to);
      if (repository === undefined || digest === undefined)
        throw new Error(`there is no ${name}:${to}`);
      repository.tags.set(tag, digest);
    },
    close: () => standIn.close(),
  };
}

function emptyRepository(): Repository {
  return { tags: new Map(), images: new Map(), manifests: new Map(), blobs: new Map() };
}

function readManifest(
  repositories: ReadonlyMap<string, Repository>,
  request: StandInRequest,
): StandInAnswer {
  const { name = "", reference = "" } = request.params;
  const repository = repositories.get(name);
  if (repository === undefined) return unknownName(name);
  const byDigest = reference.startsWith("sha256:");
  const manifest = repository.manifests.get(
    byDigest ? reference : (repository.tags.get(reference) ?? ""),
  );
  if (manifest === undefined) {
    const message = byDigest
      ? "manifest unknown"
      : `manifest tagged by "${reference}" is not found`;
    const detail = byDigest ? { Name: name, Revision: reference } : { Name: name, Tag: reference };
    return refusal(404, "MANIFEST_UNKNOWN", message, { detail });
  }
  // A registry answers as if there were nothing when the client cannot read the stored type; `*/*` does not name it.
  if (!accepted(request).includes(manifest.mediaType)) {
    return refusal(
      404,
      "MANIFEST_UNKNOWN",
      `${manifest.mediaType} found, but the accept header does not support it`,
    );
  }
  return answerWith(manifest);
}

function readBlob(
  repositories: ReadonlyMap<string, Repository>,
  request: StandInRequest,
): StandInAnswer {
  const { name = "", digest = "" } = request.params;
  const repository = repositories.get(name);
  if (repository === undefined) return unknownName(name);
  const blob = repository.blobs.get(digest);
  return blob === undefined
    ? refusal(404, "BLOB_UNKNOWN", "blob unknown to registry", { detail: digest })
    : answerWith(blob);
}

function listTags(
  repositories: ReadonlyMap<string, Repository>,
  request: StandInRequest,
): StandInAnswer {
  const { name = "" } = request.params;
  const repository = repositories.get(name);
  if (repository === undefined) return unknownName(name);
  const last = request.query.get("last") ?? "";
  const limit = Number(request.query.get("n") ?? Number.POSITIVE_INFINITY);
  const tags = [...repository.tags.keys()].toSorted().filter((tag) => tag > last);
  return { status: 200, headers: versionHeader, json: { name, tags: tags.slice(0, limit) } };
}

function answerWith(stored: Stored): StandInAnswer {
  return {
    status: 200,
    headers: {
      ...versionHeader,
      "content-type": stored.mediaType,
      "content-length": String(stored.bytes.length),
      "docker-content-digest": stored.digest,
      etag: `"${stored.digest}"`,
    },
    body: stored.bytes,
  };
}

function unknownName(name: string): StandInAnswer {
  return refusal(404, "NAME_UNKNOWN", "repository name not known to registry", {
    detail: { name },
  });
}

function accepted(request: StandInRequest): string[] {
  return (request.headers.accept ?? "").split(",").map((type) => type.split(";")[0]?.trim() ?? "");
}

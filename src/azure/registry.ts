import type { ImageConfig } from "../config/config.ts";
import type { Clock, ImageState, Registry } from "../deployment/ports.ts";
import { ServiceError } from "../deployment/service-error.ts";
import { readAddress } from "./address.ts";
import { readChallenge } from "./bearer-challenge.ts";
import type { TokenCredential } from "./credential.ts";
import { manifestTypes, readManifest, type Manifest } from "./manifest.ts";
import { createRegistryAccess, type Authorization, type RegistryAuth } from "./registry-access.ts";
import {
  callRegistry,
  isRegistryError,
  parseJson,
  refusedBy,
  type RegistryAnswer,
} from "./registry-call.ts";

export interface RegistryOptions {
  readonly image: Pick<ImageConfig, "registry" | "repository" | "access">;
  /** For `access: entra`. */
  readonly credential?: TokenCredential;
  /** For `access: basic`. */
  readonly basic?: { readonly username: string; readonly password: string };
  readonly clock?: Clock;
  /** The longest that one request may take, in milliseconds. */
  readonly patience?: number;
}

/** The grammars of the distribution specification. */
const tagForm = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const repositoryForm = /^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/;

/** More platforms than this are no image that anybody deploys. */
const mostPlatforms = 32;
/** Manifests that are remembered: a digest names the same bytes for ever. */
const mostRemembered = 200;

/**
 * One repository of a container registry, read over the distribution protocol: ACR, docker-registry, Harbor and GHCR alike.
 * Reads only, so every ServiceError has the effect "none". Throws an Error when the configuration lacks a credential.
 */
export function createRegistry(options: RegistryOptions): Registry {
  const { image, clock = Date, patience = 30_000 } = options;
  const registry = readAddress(image.registry);
  if (!repositoryForm.test(image.repository))
    throw new Error(`${image.repository} is not the name of a repository`);
  const auth = authOf(options);
  const answerChallenge = createRegistryAccess(
    registry,
    image.repository,
    auth,
    () => clock.now(),
    patience,
  );
  let authorization: Authorization | undefined;
  const remembered = new Map<string, Manifest>();

  return { resolve };

  async function resolve(tag: string): Promise<ImageState> {
    if (!tagForm.test(tag))
      throw new ServiceError("registry", "invalid", "none", `${tag.slice(0, 128)} is not a tag`);
    const root = await read(tag);
    if (root === undefined) return { state: "absent" };
    if (root.platforms.length > mostPlatforms)
      throw unusable(`an index of ${root.platforms.length} platforms`);
    // A platform may be missing from a copied index: nodes of the others still run its siblings.
    const children = await Promise.all(root.platforms.map(readOnce));
    const configs = [root, ...children].flatMap((one) => one?.config ?? []);
    return {
      state: "found",
      digest: root.digest,
      digests: [...new Set([root.digest, ...root.platforms, ...configs])],
    };
  }

  async function readOnce(digest: string): Promise<Manifest | undefined> {
    const known = remembered.get(digest);
    if (known !== undefined) return known;
    const manifest = await read(digest);
    if (remembered.size >= mostRemembered) remembered.clear();
    if (manifest !== undefined) remembered.set(digest, manifest);
    return manifest;
  }

  /** The manifest of a tag or of a digest; undefined when there is none. */
  async function read(reference: string): Promise<Manifest | undefined> {
    const url = new URL(`/v2/${image.repository}/manifests/${reference}`, registry);
    const answer = await get(url);
    if (answer.status === 404 && isRegistryError(answer)) return undefined;
    if (answer.status !== 200) throw refusedBy(url, answer);
    const manifest = readManifest(answer.body, parseJson(answer.body));
    if (manifest === undefined) throw unusable("something that is not a manifest");
    // What the registry says and what was asked for must be what the bytes are, else they are not the image.
    const claimed = answer.headers.get("docker-content-digest");
    const asked = reference.startsWith("sha256:") ? reference : null;
    if (
      (claimed ?? manifest.digest) !== manifest.digest ||
      (asked ?? manifest.digest) !== manifest.digest
    ) {
      throw unusable(`a manifest that does not match its digest ${asked ?? claimed}`);
    }
    return manifest;
  }

  /** Asks with the token that is still good, and once more with a fresh one when that is not enough. */
  async function get(url: URL): Promise<RegistryAnswer> {
    if (authorization !== undefined && authorization.until <= clock.now())
      authorization = undefined;
    const first = await send(url, authorization);
    if (first.status !== 401) return first;
    const challenge = readChallenge(first.headers.get("www-authenticate"));
    if (challenge === undefined) throw refusedBy(url, first);
    authorization = undefined;
    const fresh = await answerChallenge(challenge);
    const second = await send(url, fresh);
    if (second.status !== 401) authorization = fresh;
    return second;
  }

  async function send(url: URL, signed: Authorization | undefined): Promise<RegistryAnswer> {
    const headers = {
      accept: manifestTypes,
      ...(signed === undefined ? {} : { authorization: signed.value }),
    };
    return await callRegistry(url, { headers }, patience);
  }

  function unusable(what: string): ServiceError {
    return new ServiceError("registry", "unreachable", "none", `${registry.host} gave ${what}`);
  }
}

function authOf({ image, credential, basic }: RegistryOptions): RegistryAuth {
  switch (image.access) {
    case "anonymous":
      return { kind: "anonymous" };
    case "entra":
      if (credential === undefined)
        throw new Error(`${image.registry}: access entra needs a credential`);
      return { kind: "entra", credential };
    case "basic":
      if (basic === undefined)
        throw new Error(`${image.registry}: access basic needs a user and a password`);
      return { kind: "basic", ...basic };
  }
}

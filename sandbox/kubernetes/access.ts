import { createHash, timingSafeEqual } from "node:crypto";
import type { StandInAnswer, StandInRequest } from "../stand-in.ts";
import { refuse } from "./answers.ts";
import { resources, type Plural } from "./resources.ts";

/** What somebody wants to do, as authorization sees it. */
export interface Attributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

export interface AccessOptions {
  /** The only bearer token that is accepted; without it everybody is. */
  readonly token?: string;
  /** What the token's owner may do; without it everything. */
  readonly authorize?: (attributes: Attributes) => boolean;
}

const user = "system:serviceaccount:omnibot:omnibot";

/** 401 for a wrong token, as the API server says it; undefined when the request may go on. */
export function authenticate(
  { token }: AccessOptions,
  request: StandInRequest,
): StandInAnswer | undefined {
  const header = request.headers.authorization;
  if (token === undefined || header === undefined) return undefined;
  const given = /^Bearer (.+)$/.exec(header)?.[1] ?? "";
  return equal(given, token) ? undefined : refuse(401, "Unauthorized", "Unauthorized");
}

/** 403 for what the user may not do; without any token, for everything but discovery. */
export function authorize(
  { token, authorize: allowed }: AccessOptions,
  request: StandInRequest,
  attributes: Attributes,
): StandInAnswer | undefined {
  const anonymous = token !== undefined && request.headers.authorization === undefined;
  if (!anonymous && (allowed?.(attributes) ?? true)) return undefined;
  const { verb, group, resource, namespace, name } = attributes;
  const qualified = group === "" ? resource : `${resource}.${group}`;
  const object = name === undefined ? qualified : `${qualified} "${name}"`;
  const scope =
    namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const who = anonymous ? "system:anonymous" : user;
  const message = `${object} is forbidden: User "${who}" cannot ${verb} resource "${resource}" in API group "${group}" ${scope}`;
  return refuse(403, "Forbidden", message, {
    ...(name === undefined ? {} : { name }),
    ...(group === "" ? {} : { group }),
    kind: resource,
  });
}

export function attributesOf(
  verb: string,
  plural: Plural,
  namespace?: string,
  name?: string,
  sub?: string,
): Attributes {
  const resource = sub === undefined ? plural : `${plural}/${sub}`;
  return { verb, group: resources[plural].group, resource, namespace, name };
}

function equal(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** What a registry asks for in WWW-Authenticate (RFC 9110 section 11.6.1). */
export interface Challenge {
  readonly scheme: "bearer" | "basic";
  readonly realm: string | undefined;
  readonly service: string | undefined;
}

/** Name, then a token or a quoted string: commas stand between parameters and inside of quotes. */
const parameter = /([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi;

/** Reads the challenge, bearer before basic where both are offered; undefined when it is neither. */
export function readChallenge(header: string | null): Challenge | undefined {
  const text = header ?? "";
  const bearer = schemeAt(text, "bearer");
  if (bearer !== undefined) return { scheme: "bearer", ...parametersOf(bearer) };
  return schemeAt(text, "basic") === undefined
    ? undefined
    : { scheme: "basic", realm: undefined, service: undefined };
}

function schemeAt(text: string, scheme: string): string | undefined {
  const match = new RegExp(`(?:^|,)\\s*${scheme}(?=\\s|$)`, "i").exec(text);
  return match === null ? undefined : text.slice(match.index + match[0].length);
}

function parametersOf(text: string): Pick<Challenge, "realm" | "service"> {
  const found = new Map<string, string>();
  for (const [, name = "", quoted, token] of text.matchAll(parameter)) {
    const key = name.toLowerCase();
    // A second challenge may follow in the same header: the first of each belongs to ours.
    if (!found.has(key)) found.set(key, quoted?.replaceAll(/\\(.)/g, "$1") ?? token ?? "");
  }
  return { realm: found.get("realm"), service: found.get("service") };
}

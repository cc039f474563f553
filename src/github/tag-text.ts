import { parse } from "yaml";

/** Tag of an OCI image: the grammar of the distribution specification. */
const grammar = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

export function isTag(text: string): boolean {
  return grammar.test(text);
}

export type ScalarStyle = "plain" | "single" | "double";

/** Writes a tag as a YAML scalar: quotes that stand there stay, and a plain tag gets some where it would not be a string. */
export function writeTag(tag: string, style: ScalarStyle): string {
  if (style === "single") return `'${tag}'`;
  if (style === "double") return `"${tag}"`;
  return isPlainString(tag) ? tag : `"${tag}"`;
}

/**
 * Whether the cluster reads the plain text as this very string. Flux reads YAML through go-yaml, which knows the booleans of
 * YAML 1.1 (`yes`, `on`), its numbers (`0b11`, `1_000`) and the octals of 1.2 (`0o17`); `image: repository:1.234567e+06`
 * is what became of an unquoted tag (helm/helm#1707).
 */
function isPlainString(tag: string): boolean {
  if (looksLikeNumberOrDate(tag)) return false;
  return parse(tag) === tag && parse(tag, { version: "1.1", logLevel: "silent" }) === tag;
}

function looksLikeNumberOrDate(tag: string): boolean {
  const digits = tag.replaceAll("_", "");
  return (
    /^\d+(\.\d*)?(e[-+]?\d+)?$/i.test(digits) ||
    /^0[xob]/i.test(digits) ||
    /^\d{4}-\d{1,2}-\d/.test(tag)
  );
}

import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Document,
  type Node,
  type Scalar,
  type YAMLMap,
} from "yaml";
import type { Bad } from "../deployment/ports.ts";
import { bad, lineAt } from "./lines.ts";
import type { Release } from "./releases.ts";
import { isTag, type ScalarStyle } from "./tag-text.ts";

/** The scalar that holds the tag, with the range of exactly its own characters. */
export interface TagNode {
  readonly state: "found";
  readonly tag: string;
  readonly style: ScalarStyle;
  readonly node: Node;
  readonly from: number;
  readonly to: number;
  readonly line: number;
}

/** Follows the path to the tag. Whatever cannot be changed as one scalar on one line is refused. */
export function findTagNode(
  source: string,
  release: Release,
  path: readonly string[],
): TagNode | Bad {
  const shown = path.join(".");
  let node: unknown = release.root;
  let line = release.line;
  for (const [depth, key] of path.entries()) {
    const parent: unknown = node;
    line = lineOf(source, parent) ?? line;
    if (isAlias(parent))
      return notEditable(line, `${path.slice(0, depth).join(".")} is an alias, *${parent.source}`);
    node = child(parent, key);
    if (node === undefined) return absent(source, release, parent, path, depth);
  }
  line = lineOf(source, node) ?? line;
  if (isAlias(node)) return notEditable(line, `${shown} is an alias, *${node.source}`);
  if (isMap(node) || isSeq(node))
    return bad("tag-not-found", `Line ${line}: ${shown} is not a tag, it holds more.`);
  if (!isScalar(node)) return notEditable(line, `${shown} is empty`);
  return readScalar(source, node, shown, line);
}

function readScalar(source: string, node: Scalar, shown: string, line: number): TagNode | Bad {
  const style = styleOf(node);
  if (style === undefined) return notEditable(line, `${shown} is a block of text`);
  if (node.tag !== undefined)
    return notEditable(line, `${shown} has an explicit type, ${node.tag}`);
  const [from, to] = node.range ?? [0, 0];
  const written = source.slice(from, to);
  if (/[\r\n]/.test(written)) return notEditable(line, `${shown} goes over several lines`);
  if (node.value === null) return notEditable(line, `${shown} is empty`);
  if (typeof node.value === "boolean")
    return notEditable(line, `${shown} is ${written}, which is not a string`);
  // A number was meant as a tag: it is shown as it is written, and what replaces it gets quotes where it needs them.
  const tag = typeof node.value === "string" ? node.value : written;
  if (!isTag(tag))
    return notEditable(
      line,
      `${shown} is ${JSON.stringify(tag.slice(0, 80))}, which is no plain tag`,
    );
  return { state: "found", tag, style, node, from, to, line };
}

function styleOf(node: Scalar): ScalarStyle | undefined {
  if (node.type === "PLAIN") return "plain";
  if (node.type === "QUOTE_SINGLE") return "single";
  if (node.type === "QUOTE_DOUBLE") return "double";
  return undefined;
}

function child(parent: unknown, key: string): unknown {
  if (isSeq(parent)) return /^\d+$/.test(key) ? parent.items[Number(key)] : undefined;
  if (!isMap(parent)) return undefined;
  return parent.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key)?.value;
}

/** Says why a key is not there: it may come from elsewhere, or be written with a dot. */
function absent(
  source: string,
  release: Release,
  parent: unknown,
  path: readonly string[],
  depth: number,
): Bad {
  const shown = path.slice(0, depth + 1).join(".");
  const line = lineOf(source, parent) ?? release.line;
  const key = path[depth] ?? "";
  if (isMap(parent)) {
    if (isMerged(release.document, parent, key))
      return notEditable(line, `${shown} comes from a merge key (<<)`);
    const dotted = path.slice(depth).join(".");
    const written = parent.items.find((pair) => isScalar(pair.key) && pair.key.value === dotted);
    if (written !== undefined) {
      const at = lineOf(source, written.key) ?? line;
      return bad(
        "tag-not-found",
        `Line ${at}: ${dotted} is one key with a dot, which Helm does not read as a path.`,
      );
    }
  }
  return bad("tag-not-found", `${release.name} (line ${release.line}) has no ${shown}.`);
}

function isMerged(document: Document.Parsed, map: YAMLMap, key: string): boolean {
  const merged = map.items.find((pair) => isScalar(pair.key) && pair.key.value === "<<")?.value;
  const sources: readonly unknown[] = isSeq(merged) ? merged.items : [merged];
  return sources.some((one) => {
    const resolved = isAlias(one) ? one.resolve(document) : one;
    return isMap(resolved) && resolved.has(key);
  });
}

function lineOf(source: string, node: unknown): number | undefined {
  const ranged = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node);
  return ranged && node.range ? lineAt(source, node.range[0]) : undefined;
}

function notEditable(line: number, what: string): Bad {
  return bad("tag-not-editable", `Line ${line}: ${what}.`);
}

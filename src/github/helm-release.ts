import { visit, type Document } from "yaml";
import type { Bad } from "../deployment/ports.ts";
import { bad, changedLines, lineAt } from "./lines.ts";
import { describe, findReleases, parseDocuments, type Release } from "./releases.ts";
import { sameButOne } from "./same-tree.ts";
import { findTagNode, type TagNode } from "./tag-node.ts";
import { isTag, writeTag } from "./tag-text.ts";

/** Where the tag stands: the path in the HelmRelease, and the HelmRelease's name where the file holds several. */
export interface TagPlace {
  readonly path: readonly string[];
  readonly release?: string | undefined;
}

export interface ReadTag {
  readonly state: "read";
  /** As it is written, without quotes. */
  readonly tag: string;
  readonly release: { readonly name: string; readonly namespace: string | undefined };
  /** The tag's line, from 1. */
  readonly line: number;
  /** Flux's image automation has marked the line as its own, and may write it too. */
  readonly hasImagePolicyMarker: boolean;
  /** Other lines that hold the same tag, alone or behind the name of an image. */
  readonly alsoAt: readonly number[];
}

export interface ReplacedTag {
  readonly state: "replaced";
  readonly text: string;
  /** The tag that stood there before. */
  readonly from: string;
  readonly line: number;
}

/** Reads the image tag of a helm-release.yaml. Details of a refusal name the line. */
export function readTag(source: string, place: TagPlace): ReadTag | Bad {
  const found = locate(source, place);
  if (found.state === "failed") return found;
  const { name, namespace } = found.release;
  const { tag, line, to } = found.at;
  const rest = source.slice(to).split("\n", 1)[0] ?? "";
  const hasImagePolicyMarker = /#\s*\{\s*"\$imagepolicy"/.test(rest);
  const alsoAt = otherLines(source, found);
  return { state: "read", tag, release: { name, namespace }, line, hasImagePolicyMarker, alsoAt };
}

function otherLines(source: string, { documents, at }: Located): readonly number[] {
  const lines = new Set<number>();
  for (const document of documents) {
    visit(document, {
      Scalar(key, node) {
        const same = node.value === at.tag || String(node.value).endsWith(`:${at.tag}`);
        if (key !== "key" && node !== at.node && same && node.range)
          lines.add(lineAt(source, node.range[0]));
      },
    });
  }
  return [...lines];
}

/**
 * Replaces the image tag and nothing else: every other byte of the text stays. The scalar's own characters are exchanged, then
 * the outcome is read again and compared with what was there; writing the parsed document back would change half of all real
 * files. Where the scalar carries an anchor, its aliases follow, as their author meant them to.
 */
export function replaceTag(source: string, place: TagPlace, tag: string): ReplacedTag | Bad {
  if (!isTag(tag))
    return bad("tag-invalid", `${JSON.stringify(tag.slice(0, 80))} is not a tag of an image.`);
  const found = locate(source, place);
  if (found.state === "failed") return found;
  const { at, documents } = found;
  if (at.tag === tag) return bad("already-live", `Line ${at.line} says ${tag} already.`);
  const text = source.slice(0, at.from) + writeTag(tag, at.style) + source.slice(at.to);
  const problem = verify(source, documents, at, text, place, tag);
  if (problem !== undefined) return bad("tag-not-editable", `Line ${at.line}: ${problem}.`);
  return { state: "replaced", text, from: at.tag, line: at.line };
}

interface Located {
  readonly state: "located";
  readonly documents: readonly Document.Parsed[];
  readonly release: Release;
  readonly at: TagNode;
}

function locate(source: string, place: TagPlace): Located | Bad {
  const documents = parseDocuments(source);
  if ("state" in documents) return documents;
  const releases = findReleases(source, documents, place.release);
  if ("state" in releases) return releases;

  const looks = releases.map((release) => ({
    release,
    at: findTagNode(source, release, place.path),
  }));
  const tagged = looks.filter(({ at }) => at.state === "found" || at.code !== "tag-not-found");
  if (tagged.length > 1) {
    return bad(
      "tag-ambiguous",
      `The file holds ${describe(tagged.map(({ release }) => release))}, each with a tag.`,
    );
  }
  const only = tagged[0] ?? looks[0];
  if (only === undefined) return bad("release-not-found", "The file holds no HelmRelease.");
  if (only.at.state === "failed") return only.at;
  return { state: "located", documents, release: only.release, at: only.at };
}

/** Says how the edited text differs from the old one in more than the tag; undefined when it does not. */
function verify(
  source: string,
  documents: readonly Document.Parsed[],
  at: TagNode,
  text: string,
  place: TagPlace,
  tag: string,
): string | undefined {
  const after = locate(text, place);
  if (after.state === "failed") return "the file could not be read after the change";
  if (after.at.tag !== tag || typeof valueOf(after.at.node) !== "string")
    return "the new tag would not be read as it is";
  if (!sameButOne(documents, after.documents, at.node))
    return "the change would alter more than the tag";
  const lines = changedLines(source, text);
  if (lines?.length !== 1 || lines[0] !== at.line)
    return "the change would alter more than one line";
  return undefined;
}

function valueOf(node: object): unknown {
  return "value" in node ? node.value : undefined;
}

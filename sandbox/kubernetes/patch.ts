import type { StandInAnswer, StandInRequest } from "../stand-in.ts";
import { badRequest, notFound, qualified, refuse } from "./answers.ts";
import { isRecord, mergePatch } from "./merge-patch.ts";
import type { KubernetesObject } from "./objects.ts";
import type { Plural } from "./resources.ts";
import type { Store } from "./store.ts";

const accepted = ["application/json-patch+json", "application/merge-patch+json"];

/** Applies a JSON merge patch. The status and what the server itself keeps in the metadata stay as they are. */
export function patchObject(
  store: Store,
  plural: Plural,
  object: KubernetesObject,
  request: StandInRequest,
): StandInAnswer {
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim();
  const patch = request.json();
  if (type === "application/json-patch+json" && !Array.isArray(patch)) {
    return badRequest(
      "error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch",
    );
  }
  if (type !== "application/merge-patch+json") {
    const media = `accepted media types include: ${accepted.join(", ")}`;
    return refuse(
      415,
      "UnsupportedMediaType",
      `the body of the request was in an unknown format - ${media}`,
      {},
    );
  }
  if (!isRecord(patch))
    return badRequest(
      "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
    );
  const { name, namespace } = object.metadata;
  const metadata = isRecord(patch["metadata"]) ? patch["metadata"] : {};
  const based = metadata["resourceVersion"];
  if (based !== undefined && based !== object.metadata.resourceVersion) {
    const message = `Operation cannot be fulfilled on ${qualified(plural)} "${name}": the object has been modified; please apply your changes to the latest version and try again`;
    return refuse(409, "Conflict", message, { name, kind: plural });
  }
  const wrong = ["annotations", "labels"].find((field) => !isTextMap(metadata[field]));
  if (wrong !== undefined)
    return badRequest(
      `json: cannot unmarshal into Go struct field ObjectMeta.metadata.${wrong} of type string`,
    );
  const patched = store.update(plural, namespace, name, (draft) => {
    const merged = mergePatch(draft, patch);
    if (!isRecord(merged)) return;
    const kept = { ...draft.metadata };
    const { labels, annotations } = isRecord(merged["metadata"]) ? merged["metadata"] : {};
    const { status } = draft;
    Object.assign(draft, merged, { kind: object.kind, apiVersion: object.apiVersion });
    if (status !== undefined) draft.status = status;
    draft.metadata = kept;
    setTexts(draft, "labels", labels);
    setTexts(draft, "annotations", annotations);
  });
  return patched === undefined ? notFound(plural, name) : { status: 200, json: patched };
}

/** Texts, or null for those to remove. */
function isTextMap(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return (
    isRecord(value) &&
    Object.values(value).every((text) => text === null || typeof text === "string")
  );
}

function setTexts(draft: KubernetesObject, field: "labels" | "annotations", texts: unknown): void {
  const entries = isRecord(texts)
    ? Object.entries(texts).map(([name, text]) => [name, String(text)])
    : [];
  if (entries.length === 0) delete draft.metadata[field];
  else draft.metadata[field] = Object.fromEntries(entries);
}

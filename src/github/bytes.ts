import { createHash } from "node:crypto";

/** Decodes a file as UTF-8 and keeps its byte order mark; undefined when it is not UTF-8, since it could not be kept exactly. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export function encodeText(text: string): Buffer {
  return Buffer.from(text, "utf8");
}

/** The id that Git gives to a file with these bytes. */
export function blobId(bytes: Uint8Array): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

import { withoutSecrets } from "../deployment/secrets.ts";

/**
 * What a failed pull comes down to, so that it fits on a card: the kubelet and containerd wrap the reason up to four times,
 * with the image's name each time, and the address of a token server carries a long query.
 */
export function pullWords(message: string): string {
  return message
    .replace(/^Back-off pulling image "[^"]*"(: |$)/, "")
    .replace(/^ErrImagePull: /, "")
    .replace(/^rpc error: code = \w+ desc = /, "")
    .replaceAll(/failed to (?:pull and unpack image|resolve reference) "[^"]*": /g, "")
    .replaceAll(/(https?:\/\/[^\s?]+)\?\S*(?=: )/g, "$1");
}

/** Words from outside without secrets, on one line and not endless. */
export function short(text: string): string {
  const line = withoutSecrets(text).trim().split(/\s+/).join(" ");
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

/** A secret that is shorter could be a word that people need to read. */
const shortest = 8;

/** The secrets of this process, in each form in which a service may repeat them. */
let own: readonly string[] = [];

/**
 * Makes these secrets known: from now on they are taken out of all words from outside, whatever they look like. It is about
 * the process, not about one log or card: no caller may forget it.
 */
export function hideSecrets(secrets: readonly string[]): void {
  const forms = secrets.filter(({ length }) => length >= shortest).flatMap(formsOf);
  // The longest first: one that holds another goes as a whole.
  own = [...new Set([...own, ...forms])].toSorted((one, other) => other.length - one.length);
}

function formsOf(secret: string): readonly string[] {
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString("base64").replace(/=+$/, ""),
  ];
}

/** Shapes of secrets that errors and logs of services are known to show. The last line of defence, not the first. */
const shapes: readonly RegExp[] = [
  /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,})/g,
  // Personal access tokens of Azure DevOps, old and new; passwords of an ACR; client secrets of Entra.
  /\b(?:[a-z2-7]{52}|[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4})\b/g,
  /[A-Za-z0-9+/]{42}\+ACR[A-Za-z0-9]{6}/g,
  /[\w~.-]{3}\dQ~[\w~.-]{31,34}/g,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /\b(?:Bearer|Basic)\s+[\w.~+/-]{16,}=*/gi,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  // What is left of a key whose beginning is cut off: nothing else fills whole lines like this, but digests do in hex.
  /^(?![0-9a-fA-F]+$)[A-Za-z0-9+/]{60,76}={0,2}$/gm,
  /(?<=\b(?:password|passwd|pwd|secret|token|api[_-]?key|accountkey|sharedaccesskey|client[_-]?secret)[\\"']*\s*[=:]\s*[\\"']*)[^\s\\"';,&]{4,}/gi,
  /(?<=\/\/[^\s/:@]{0,100}:)[^\s/@]+(?=@)/g,
  /(?<=[?&](?:sig|sv|se|code|access_token)=)[^\s&]+/gi,
];

/** Takes out of words from outside what is a secret of ours, or looks like a secret. */
export function withoutSecrets(text: string): string {
  const rest = own.reduce((words, secret) => words.replaceAll(secret, "(hidden)"), text);
  return shapes.reduce((words, shape) => words.replaceAll(shape, "(hidden)"), rest);
}

/**
 * Hosts of the Bot Connector: omnibot's token is sent to these and nowhere else. Microsoft's own list
 * (@microsoft/agents-hosting 1.8.1, outboundHostValidator), public cloud and GCC.
 */
const connectorHosts = [
  "smba.trafficmanager.net",
  "botframework.com",
  "teams.microsoft.com",
  "teams.microsoft.us",
];

const loopbackHosts = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** Whether a service URL, from a message or from the ledger, is one that omnibot may talk to. */
export function isServiceUrl(text: string, options: { readonly anonymous: boolean }): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return false;
  if (options.anonymous) return url.protocol === "http:" && loopbackHosts.has(url.hostname);
  return url.protocol === "https:" && url.port === "" && isConnector(url.hostname);
}

function isConnector(host: string): boolean {
  return connectorHosts.some((known) => host === known || host.endsWith(`.${known}`));
}

import type { Environment } from "../config/config.ts";

/** Hosts of Microsoft's that are not in the configuration. */
const known: readonly (readonly [host: RegExp, service: string])[] = [
  [
    /(^|\.)botframework\.(com|azure\.us)$|^smba\.([\w.-]+\.)?(trafficmanager\.net|microsoft\.(com|us))$/,
    "teams",
  ],
  [/^login\.microsoftonline\.|^sts\.windows\.net$|^169\.254\.169\.254$/, "identity"],
  [/^graph\.microsoft\.(com|us)$/, "graph"],
  [/(^|\.)dev\.azure\.com$|\.visualstudio\.com$/, "azure-devops"],
  [/\.azurecr\.io$|\.blob\.core\.windows\.net$/, "registry"],
];

/** Which service a host (with its port, where it has one) belongs to; `other` where nobody knows: the label stays bounded. */
export function createServiceNames(
  environments: readonly Environment[],
  { githubUrl, kubernetes }: { githubUrl: string | undefined; kubernetes: readonly string[] },
): (host: string) => string {
  const named = new Map<string, string>();
  const add = (address: string, service: string) => {
    const host = URL.parse(address)?.host;
    if (host !== undefined && !named.has(host)) named.set(host, service);
  };
  add(githubUrl ?? "https://api.github.com", "github");
  for (const address of kubernetes) add(address, "kubernetes");
  for (const { build, image, flux, health } of environments) {
    add(build.organization, "azure-devops");
    add(image.registry.includes("://") ? image.registry : `https://${image.registry}`, "registry");
    if (flux.poke.kind === "receiver") add(flux.poke.url, "flux");
    for (const { url } of health) add(url, "health");
  }
  return (host) => {
    const own = named.get(host.replace(/:443$/, ""));
    if (own !== undefined) return own;
    const name = host.replace(/:\d+$/, "");
    return known.find(([pattern]) => pattern.test(name))?.[1] ?? "other";
  };
}

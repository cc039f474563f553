import type { Settings } from "./settings.ts";

/** Every secret that the environment holds, so that it can be taken out of whatever a service says. */
export function secretsOf(settings: Settings): readonly string[] {
  const { bot, azure, registry, github, hookSecrets, ledger } = settings;
  const secrets = [
    bot.kind === "secret" ? bot.password : undefined,
    azure.kind === "client-secret" ? azure.secret : undefined,
    settings.azureDevOpsToken,
    registry?.password,
    github.kind === "token" ? github.token : github.privateKey,
    settings.fluxReceiverToken,
    hookSecrets.azureDevOps,
    hookSecrets.github,
    hookSecrets.flux,
    "url" in ledger ? passwordOf(ledger.url) : undefined,
  ];
  return secrets.filter((secret) => secret !== undefined);
}

/** The password in an address of PostgreSQL, as it is typed: in its place, or as a parameter. */
function passwordOf(address: string): string | undefined {
  const url = new URL(address);
  const inPlace = url.password === "" ? undefined : decode(url.password);
  return inPlace ?? url.searchParams.get("password") ?? undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone % stands for itself.
    return text;
  }
}

import { botToken, createBotCredential } from "../azure/credential.ts";
import { knockAt, readChannel, readKeys, readToken } from "../teams/reach.ts";
import { failed, off, ok, shared, warning, type Check, type Finding } from "./check.ts";
import type { Subject } from "./subject.ts";

const sandbox =
  "OMNIBOT_SANDBOX is set: nobody signs in, and nobody outside of this machine is talked to";

/** Whether omnibot can prove to Teams who it is, Teams knows it, and can reach it. */
export function checksOfTeams({ settings, config, url }: Subject): readonly Check[] {
  const { bot, azure } = settings;
  const { teams } = config;
  if (bot.kind === "anonymous") {
    return [{ id: "teams", about: "the bot in Teams", find: () => off(sandbox) }, endpoint(url)];
  }
  const token = shared(() => botToken(createBotCredential(bot, azure))());
  const registration = {
    secret:
      "Check MICROSOFT_APP_PASSWORD: a secret of the registration that has not expired, its value and not its id.",
    certificate:
      "Check MICROSOFT_APP_CERTIFICATE: a PEM file with the private key, whose certificate the registration knows.",
    "managed-identity":
      "omnibot must run where that managed identity is: on AKS with AZURE_IDENTITY=workload-identity, the service account's annotation and the federated credential of infra/azure.",
    federated:
      "The registration must trust the identity of AZURE_IDENTITY by a federated credential.",
  }[bot.kind];
  return [
    {
      id: "teams.tenant",
      about: "the bot's tenant",
      find: () =>
        bot.tenant.toLowerCase() === teams.tenant.toLowerCase()
          ? ok("the bot is registered in the tenant that it serves")
          : failed(
              `MICROSOFT_APP_TENANT_ID is ${bot.tenant}, teams.tenant is ${teams.tenant}`,
              "Both are the tenant of your Teams: output tenantId of infra/azure.",
            ),
    },
    {
      id: "teams.token",
      about: "the bot's sign-in to Entra",
      find: async () => findToken(readToken(await token()), bot),
      remedies: {
        denied: registration,
        unreachable: `Let omnibot reach Entra (https://login.microsoftonline.com, port 443), or the identity endpoint of where it runs. ${registration}`,
        invalid: registration,
      },
    },
    {
      id: "teams.keys",
      about: "the keys of Teams' messages",
      find: async () => ok(`${await readKeys()} keys can be read`),
      remedies: {
        unreachable:
          "Let omnibot reach https://login.botframework.com: without its keys every message of Teams is refused.",
      },
    },
    ...teams.channels.map((channel): Check => ({
      id: `teams.channel ${channel}`,
      about: `channel ${channel.slice(0, 12)}…`,
      needs: ["teams.token"],
      find: async () =>
        (await readChannel(channel, await token())) === "open"
          ? ok("omnibot is in its team")
          : failed(
              `Teams does not show ${channel} to omnibot`,
              "Add the app to the channel's team (npm run teams:package, then Apps in the team's settings), and compare teams.channels with \"Get link to channel\".",
            ),
      remedies: {
        denied:
          "The bot resource in Azure must have this app id and tenant, with the Teams channel switched on (infra/azure).",
        unreachable: "Let omnibot reach https://smba.trafficmanager.net, port 443.",
      },
    })),
    endpoint(url),
    ...hooks(url, settings.hookSecrets),
  ];
}

function findToken(
  token: { readonly tenant: string; readonly app: string },
  bot: { readonly appId: string; readonly tenant: string },
): Finding {
  const isFor = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
  if (!isFor(token.app, bot.appId)) {
    return failed(
      `Entra's token is for the app ${token.app || "of nobody"}, and not for MICROSOFT_APP_ID ${bot.appId}`,
      "MICROSOFT_APP_ID is the client id of the identity that omnibot signs in with: output clientId of infra/azure.",
    );
  }
  if (!isFor(token.tenant, bot.tenant)) {
    return failed(
      `Entra's token is of the tenant ${token.tenant}, and not of ${bot.tenant}`,
      "MICROSOFT_APP_TENANT_ID is the tenant of the bot's registration: output tenantId of infra/azure.",
    );
  }
  return ok("Entra gives a token for MICROSOFT_APP_ID");
}

/** From here, and not from Teams: a firewall may tell the two apart. */
function endpoint(url: string | undefined): Check {
  return {
    id: "teams.endpoint",
    about: "omnibot's public address",
    async find() {
      if (url === undefined) return off("not tried; --url https://<your host> tries it");
      const status = await knockAt(url);
      if (status === 401) return ok("it answers, and refuses a message without a token");
      if (status >= 500)
        return failed(
          `it answers ${status}`,
          "The way leads there, and omnibot does not answer: look at its pods and log, and at the ingress.",
        );
      return failed(
        `it answers ${status} to a message without a token, where omnibot answers 401`,
        "Lead https://<your host>/api/messages to omnibot's port, unchanged and without a sign-in page in front.",
      );
    },
    remedies: {
      unreachable:
        "Check the name's DNS entry, the ingress, and its certificate: Teams takes publicly trusted ones only.",
    },
  };
}

/** Flux comes from inside of the cluster, and not by the public address. */
function hooks(
  url: string | undefined,
  { azureDevOps, github }: Subject["settings"]["hookSecrets"],
): readonly Check[] {
  if (url === undefined) return [];
  const secrets = { "azure-devops": azureDevOps, github };
  return Object.entries(secrets).flatMap(([name, secret]) => {
    const path = `/api/hooks/${name}`;
    if (secret === undefined) return [];
    return {
      id: `hooks.endpoint ${name}`,
      about: path,
      needs: ["teams.endpoint"],
      async find() {
        const status = await knockAt(url, path);
        if (status === 401) return ok("it answers, and refuses a call without the secret");
        return warning(
          `it answers ${status} to a call without the secret, where omnibot answers 401`,
          `Lead https://<your host>${path} to omnibot's port (infra/kubernetes/base/ingress.yaml), and give the running omnibot its secret.`,
        );
      },
    };
  });
}

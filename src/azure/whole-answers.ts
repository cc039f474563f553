import { WebApi } from "azure-devops-node-api";
import type { ILocationsApi } from "azure-devops-node-api/LocationsApi.js";
import { LocationsApi } from "azure-devops-node-api/LocationsApi.js";

type Rest = WebApi["rest"];

/**
 * The client of Azure DevOps without its leniency. By itself (17.0.1) it takes every body that it cannot read for `null`, which is
 * how it says "not found" too; and it repeats the first request of all up to five times, whatever Retry-After says.
 */
export class StrictWebApi extends WebApi {
  constructor(...asked: ConstructorParameters<typeof WebApi>) {
    super(...asked);
    takeWholeAnswersOnly(this.rest);
  }

  override getLocationsApi(serverUrl?: string): Promise<ILocationsApi> {
    const address = serverUrl ?? this.serverUrl;
    const api = new LocationsApi(address, [this.authHandler], this.options, this.userAgent);
    takeWholeAnswersOnly(api.rest);
    return Promise.resolve(api);
  }

  override async getBuildApi() {
    return strict(await super.getBuildApi());
  }

  override async getGitApi() {
    return strict(await super.getGitApi());
  }

  override async getPipelinesApi() {
    return strict(await super.getPipelinesApi());
  }
}

function strict<Api extends { readonly rest: Rest }>(api: Api): Api {
  takeWholeAnswersOnly(api.rest);
  return api;
}

/** Reads every body before the client does, and throws where the client would call a broken one nothing. */
function takeWholeAnswersOnly({ client }: Rest): void {
  const request = client.request.bind(client);
  client.request = async (...asked) => {
    const answer = await request(...asked);
    const body = await answer.readBody();
    const { statusCode = 0 } = answer.message;
    const isReadable = isJson(body);
    if (statusCode < 300 && statusCode !== 204 && !isReadable)
      throw Object.assign(new Error("a body that cannot be read"), { statusCode });
    if (statusCode === 404 && !isReadable)
      throw new Error("the 404 that came is not one of its own");
    // The client calls a 404 null before it reads its body, and would still put that in when it is there at once.
    answer.readBody = () => Promise.resolve(statusCode === 404 ? "" : body);
    return answer;
  };
}

function isJson(body: string): boolean {
  try {
    JSON.parse(body);
    return true;
  } catch {
    return false;
  }
}

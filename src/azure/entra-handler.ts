import type { RequestOptions } from "node:http";
import type {
  IHttpClient,
  IHttpClientResponse,
  IRequestHandler,
  IRequestInfo,
} from "azure-devops-node-api/interfaces/common/VsoBaseInterfaces.js";
import type { TokenCredential } from "@azure/identity";
import { getToken } from "./token.ts";

/** Azure DevOps in Entra, the same in every tenant. */
export const scope = "499b84ac-1321-427f-aa17-267ca6975798/.default";

/**
 * Signs requests to Azure DevOps with an Entra token. The client's own bearer handler keeps the one token it was born with
 * and fails for ever after an hour (azure-devops-node-api#551), so: `refresh` before every operation, and one resend after a
 * 401, which proves that the first request was not executed. The token goes to this one host only.
 */
export class EntraHandler implements IRequestHandler {
  readonly #credential: TokenCredential;
  readonly #host: string;
  #token = "";

  constructor(credential: TokenCredential, host: string) {
    this.#credential = credential;
    this.#host = host;
  }

  /** Makes sure of a valid token; the credential answers from its cache while it has one. */
  async refresh(): Promise<void> {
    this.#token = await getToken(this.#credential, scope, "azure-devops");
  }

  prepareRequest(options: RequestOptions): void {
    if (options.host !== this.#host) return;
    // Without the second one an expired token is answered by a redirect to the sign-in page.
    options.headers = Object.assign({}, options.headers, {
      authorization: `Bearer ${this.#token}`,
      "x-tfs-fedauthredirect": "Suppress",
    });
  }

  canHandleAuthentication(response: IHttpClientResponse): boolean {
    if (response.message.statusCode !== 401) return false;
    response.message.resume();
    return true;
  }

  async handleAuthentication(
    client: IHttpClient,
    request: IRequestInfo,
    body: string,
  ): Promise<IHttpClientResponse> {
    await this.refresh();
    this.prepareRequest(request.options);
    return client.requestRaw(request, body);
  }
}

import nock from "nock";

/**
 * Keeps a test file off the network, and takes back the answers that it prepared. Test files share their process, but each has
 * a nock of its own: one that is not switched off at the end would catch the requests of the next file. For the same reason
 * a file that needs no nock should not import it.
 */
export function withoutNetwork(options: { readonly allAsked?: boolean } = {}): void {
  beforeEach(() => {
    nock.disableNetConnect();
    nock.enableNetConnect("127.0.0.1");
  });
  afterEach(() => {
    const unused = nock.pendingMocks();
    nock.abortPendingRequests();
    nock.cleanAll();
    if (options.allAsked === true && unused.length > 0)
      throw new Error(`nobody asked for ${unused.join(", ")}`);
  });
  afterAll(() => nock.restore());
}

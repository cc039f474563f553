import nock from "nock";

/**
 * Test files share their process, but each has a nock of its own: one that is not switched off at the end would catch the
 * requests of the next file once more. So everybody takes it from here, and a file that needs no nock should not import this.
 */
export { nock };
afterAll(() => nock.restore());

/** Keeps a test file off the network, and takes back the answers that it prepared. */
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
}

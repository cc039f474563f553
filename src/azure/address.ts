/** Names of this machine: only towards it may credentials travel without TLS. */
const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Reads an address that credentials will be sent to: https, or http to this machine alone. Without a scheme https is
 * meant. Throws an Error that says what is wrong.
 */
export function readAddress(text: string): URL {
  const address = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `https://${text}`);
  if (address === null || address.hostname === "") throw new Error(`${text} is not an address`);
  if (!isSafe(address)) throw new Error(`${text} must be https: http is for this machine only`);
  if (address.username !== "" || address.password !== "")
    throw new Error(`${address.host} must not carry credentials`);
  return address;
}

/** Whether credentials may be sent to this address: encrypted, or without leaving the machine. */
export function isSafe(address: URL): boolean {
  return (
    address.protocol === "https:" ||
    (address.protocol === "http:" && loopback.test(address.hostname))
  );
}

/** An address of a page, as a service gave it; undefined unless it is http(s). Credentials in it are dropped. */
export function webAddress(text: string | null | undefined): string | undefined {
  const address = URL.parse(text ?? "");
  if (address === null || (address.protocol !== "https:" && address.protocol !== "http:"))
    return undefined;
  address.username = "";
  address.password = "";
  return address.href;
}

import { readAddress, webAddress } from "../../src/azure/address.ts";

describe("an address that credentials are sent to", () => {
  test.each([
    ["omnispatial.azurecr.io", "https://omnispatial.azurecr.io/"],
    ["registry.example:5000", "https://registry.example:5000/"],
    ["https://dev.azure.com/omnispatial", "https://dev.azure.com/omnispatial"],
    ["http://127.0.0.1:5000", "http://127.0.0.1:5000/"],
    ["http://localhost:5000", "http://localhost:5000/"],
    ["http://[::1]:5000", "http://[::1]:5000/"],
  ])("can be %s", (text, href) => {
    expect(readAddress(text).href).toBe(href);
  });

  test.each([
    "http://omnispatial.azurecr.io",
    "http://127.0.0.1.example",
    "http://localhost.example",
    "ftp://127.0.0.1",
    "https://user:secret@registry.example",
    "",
  ])("can not be %s", (text) => {
    expect(() => readAddress(text)).toThrow(/is not an address|must be https|must not carry/);
  });

  test("P13 does not show the credentials that it must not carry", () => {
    expect(() => readAddress("https://user:secret@registry.example")).toThrow(
      /^registry.example must not carry/,
    );
  });
});

describe("an address of a page", () => {
  test("loses the user that Azure DevOps puts in it", () => {
    expect(webAddress("https://omnispatial@dev.azure.com/omnispatial")).toBe(
      "https://dev.azure.com/omnispatial",
    );
  });

  test("is none when it is a script", () => {
    expect(webAddress("javascript:alert(1)")).toBeUndefined();
    expect(webAddress(undefined)).toBeUndefined();
  });
});

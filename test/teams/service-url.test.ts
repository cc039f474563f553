import { isServiceUrl } from "../../src/teams/service-url.ts";

describe("a service URL", () => {
  test.each([
    "https://smba.trafficmanager.net/emea/",
    "https://smba.infra.gcc.teams.microsoft.com/teams/",
  ])("of the Bot Connector is talked to: %s", (url) => {
    expect(isServiceUrl(url, { anonymous: false })).toBe(true);
  });

  test.each([
    "",
    "http://smba.trafficmanager.net/",
    "https://smba.trafficmanager.net:8443/",
    "https://evil.trafficmanager.net/",
    "https://smba.trafficmanager.net.evil.example/",
    "https://evilbotframework.com/",
    "https://smba.trafficmanager.net@evil.example/",
    "https://user:word@smba.trafficmanager.net/",
    "http://127.0.0.1:3000/",
    "not an address",
  ])("that is not the Bot Connector's is not talked to: %s", (url) => {
    expect(isServiceUrl(url, { anonymous: false })).toBe(false);
  });

  test("in the sandbox is on this machine", () => {
    expect(isServiceUrl("http://127.0.0.1:3000/", { anonymous: true })).toBe(true);
    expect(isServiceUrl("http://localhost:56150/_connector", { anonymous: true })).toBe(true);
    expect(isServiceUrl("http://10.0.0.1:3000/", { anonymous: true })).toBe(false);
    expect(isServiceUrl("https://smba.trafficmanager.net/", { anonymous: true })).toBe(false);
    expect(isServiceUrl("http://127.0.0.1.evil.example/", { anonymous: true })).toBe(false);
  });
});

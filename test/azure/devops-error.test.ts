import { explainDevOpsError } from "../../src/azure/devops-error.ts";
import { ServiceError } from "../../src/deployment/service-error.ts";

const now = Date.parse("2026-11-25T12:00:00Z");

function explain(fields: object, message = "", request: "read" | "write" = "write"): ServiceError {
  return explainDevOpsError(Object.assign(new Error(message), fields), request, now);
}

describe("what an error of the client means for a write", () => {
  test.each([
    [{ statusCode: 400 }, "invalid", "none"],
    [{ statusCode: 401 }, "denied", "none"],
    [{ statusCode: 403 }, "denied", "none"],
    [{ statusCode: 404 }, "invalid", "none"],
    [{ statusCode: 409 }, "invalid", "none"],
    [{ statusCode: 429 }, "throttled", "none"],
    [{ statusCode: 408 }, "unreachable", "unknown"],
    [{ statusCode: 500 }, "unreachable", "unknown"],
    [{ statusCode: 503 }, "unreachable", "unknown"],
    [{ statusCode: 503, rateLimit: { retryAfter: 5 } }, "throttled", "unknown"],
    [{ statusCode: 302 }, "denied", "unknown"],
    [{ code: "ENOTFOUND" }, "unreachable", "none"],
    [{ code: "ECONNREFUSED" }, "unreachable", "none"],
    [{ code: "ETIMEDOUT", syscall: "connect" }, "unreachable", "none"],
    [{ code: "EAI_AGAIN", syscall: "getaddrinfo" }, "unreachable", "none"],
    [{ code: "ECONNRESET" }, "unreachable", "unknown"],
    [{ code: "ETIMEDOUT", syscall: "read" }, "unreachable", "unknown"],
    [{}, "unreachable", "unknown"],
  ])("%j is %s, effect %s", (fields, trouble, effect) => {
    expect(explain(fields)).toMatchObject({ service: "azure-devops", trouble, effect });
  });

  test("a time-out has an unknown effect", () => {
    expect(explain({}, "Request timeout: /omnispatial")).toMatchObject({
      trouble: "unreachable",
      effect: "unknown",
    });
  });
});

test("a read never has an effect", () => {
  expect(explain({ statusCode: 500 }, "", "read").effect).toBe("none");
  expect(explain({ code: "ECONNRESET" }, "", "read").effect).toBe("none");
});

test("routes that do not come mean that the sign-in was not accepted", () => {
  expect(explain({}, "Failed to find api location for area: build id: 1", "read")).toMatchObject({
    trouble: "denied",
    message: "Azure DevOps did not accept omnibot's sign-in",
  });
});

test("the wait is bounded, and comes from the reset where nothing else says it", () => {
  const reset = now / 1000 + 42;
  expect(explain({ statusCode: 429, rateLimit: { reset } }).retryAfter).toBe(42_000);
  expect(explain({ statusCode: 429, rateLimit: { retryAfter: 86_400 } }).retryAfter).toBe(
    15 * 60_000,
  );
  expect(
    explain({ statusCode: 429, rateLimit: { retryAfter: Number.NaN } }).retryAfter,
  ).toBeUndefined();
  expect(explain({ statusCode: 429 }).retryAfter).toBeUndefined();
});

test("an error that is explained already stays as it is", () => {
  const error = new ServiceError("azure-devops", "denied", "none", "no token");
  expect(explainDevOpsError(error, "write", now)).toBe(error);
});

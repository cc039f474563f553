import { createHealth } from "../health/health.ts";
import type { TagState } from "../deployment/ports.ts";
import { failed, off, ok, warning, type Check } from "./check.ts";
import type { EnvironmentSubject } from "./subject.ts";

/** Whether the application answers as it should after a deployment. */
export function checksOfHealth(
  { environment, clients }: EnvironmentSubject,
  readTag: () => Promise<TagState>,
): readonly Check[] {
  const { name, health } = environment;
  const about = "the application's health";
  if (health.length === 0) {
    const found = "no endpoint is configured: a deployment ends when its pods are ready";
    return [{ environment: name, id: "health", about, find: () => off(found) }];
  }
  return health.map((endpoint) => ({
    environment: name,
    id: `health ${endpoint.name}`,
    about: `health of ${endpoint.name}`,
    async find() {
      const live = await readTag().catch(() => undefined);
      const version = live?.state === "read" ? { tag: live.tag } : undefined;
      const [result] = await createHealth([endpoint], clients.patience).check(version);
      if (result?.ok === true) return ok(`${endpoint.url} answers ${result.answer}`);
      const said = `${endpoint.url} ${result?.answer ?? "does not answer"}`;
      switch (result?.trouble) {
        case "version":
          return warning(
            said,
            "Check health.version of this endpoint against its JSON: the tag, the build in it, or the commit (which only a deployment knows).",
          );
        case "certificate":
          return failed(
            said,
            "Mend the certificate, or trust its authority with NODE_EXTRA_CA_CERTS.",
          );
        case "unreachable":
          return failed(
            said,
            "Check the address, and let omnibot reach it (infra/kubernetes/base/network-policy.yaml).",
          );
        case undefined:
          return failed(
            said,
            "Check the address and the status; if the application is not well, mend that first.",
          );
      }
    },
  }));
}

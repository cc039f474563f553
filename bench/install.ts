import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const folder = import.meta.dirname;

/** The engines that omnibot is measured beside are no part of the product's tree: they are installed here when they are needed. */
export function installPeers(): void {
  const names = ["@dbos-inc/dbos-sdk", "graphile-worker"];
  if (names.every((name) => existsSync(join(folder, "node_modules", name)))) return;
  process.stdout.write("Installs the peers, once: npm ci --prefix bench\n");
  const { status } = spawnSync("npm", ["ci", "--prefix", folder, "--no-audit", "--no-fund"], {
    stdio: "inherit",
    timeout: 180_000,
  });
  if (status !== 0) throw new Error("npm ci --prefix bench did not work");
}

import { spawn } from "node:child_process";
import { neverOutlive } from "./child.ts";

/** Runs `npm run doctor` in the sandbox's world, on this terminal; resolves with its exit code. */
export async function runDoctor(environment: Readonly<Record<string, string>>): Promise<number> {
  const child = spawn(process.execPath, ["--no-warnings", "src/doctor.ts"], {
    env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...environment },
    stdio: ["ignore", "inherit", "inherit"],
  });
  neverOutlive(child);
  return new Promise((resolve) => child.once("exit", (code) => resolve(code ?? 1)));
}

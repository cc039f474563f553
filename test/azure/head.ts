import type { Commit } from "../../src/deployment/deployment.ts";
import type { Pipelines } from "../../src/deployment/ports.ts";

/** The head of the branch; any other answer is one that the test does not expect. */
export async function headOf(pipelines: Pipelines): Promise<Commit> {
  const head = await pipelines.readHead();
  if ("code" in head) throw new Error(head.detail);
  return head;
}

import type { Benign } from "./case.ts";

/** What looks bad and is not, or is only slow. */
export const benign: readonly Benign[] = [
  { name: "all is well" },
  { name: "everything takes five times as long", scenario: "slow" },
];

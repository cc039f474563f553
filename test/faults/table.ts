import type { Cell } from "./cell.ts";
import { requestCells } from "./cells.ts";
import { channelCells } from "./channel.ts";
import { lastingCells } from "./lasting.ts";
import { ledgerCells } from "./ledger.ts";
import { listCells } from "./lists.ts";
import { mergeCells } from "./merging.ts";

/** Every cell of the suite, in the order of the table. */
export const cells: readonly Cell[] = [
  ...requestCells,
  ...listCells,
  ...mergeCells,
  ...lastingCells,
  ...channelCells,
  ...ledgerCells,
];

/**
 * The cells of the bounded form: those that are always played, and of every port and every fault at least one, each time with
 * another call of the port's.
 */
export const chosen: ReadonlySet<number> = choose();

function choose(): ReadonlySet<number> {
  const wanted = new Set(cells.flatMap(({ form }, index) => (form === "always" ? [index] : [])));
  const fields = new Map<string, number[]>();
  for (const [index, { port, fault, form }] of cells.entries()) {
    if (form === "full") continue;
    const field = `${port} | ${fault}`;
    fields.set(field, [...(fields.get(field) ?? []), index]);
  }
  let turn = 0;
  for (const candidates of fields.values()) {
    turn += 1;
    if (candidates.some((index) => wanted.has(index))) continue;
    const index = candidates[turn % candidates.length];
    if (index !== undefined) wanted.add(index);
  }
  return wanted;
}

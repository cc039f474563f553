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
 * The cells of the bounded form: those that are always played; of every port and every kind of fault one, each time with another
 * call of the port's and another fault of the kind; and what no port has met by then.
 */
export const chosen: ReadonlySet<number> = choose();

function choose(): ReadonlySet<number> {
  const wanted = new Set(cells.flatMap(({ form }, index) => (form === "always" ? [index] : [])));
  let turn = 0;
  const chooseOfEach = (field: (cell: Cell) => string) => {
    const candidates = Map.groupBy(
      cells.flatMap((cell, index) => (cell.form === "full" ? [] : [{ cell, index }])),
      ({ cell }) => field(cell),
    );
    for (const alike of candidates.values()) {
      turn += 1;
      if (alike.some(({ index }) => wanted.has(index))) continue;
      const one = alike[(turn * 7) % alike.length];
      if (one !== undefined) wanted.add(one.index);
    }
  };
  chooseOfEach(({ port, kind, fault }) => `${port} | ${kind ?? fault}`);
  chooseOfEach(({ fault }) => fault);
  return wanted;
}

import { requestCells, type Cell } from "./cells.ts";

/** Every cell of the suite, in the order of the table. */
export const cells: readonly Cell[] = [...requestCells];

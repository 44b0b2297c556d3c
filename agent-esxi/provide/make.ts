/** Pieces whose every change is read back. */
import type { Op } from "./op.ts";
import type { Found, Piece } from "./piece.ts";

type Plain<P extends Piece> = Omit<P, "settings"> & { readonly settings?: P["settings"] };

/** With the ops that make it, set it and remove it, each followed by a look at what came of it. */
export function confirmed(piece: Plain<Found>): Found;
export function confirmed(piece: Plain<Piece>): Piece {
  const { id, kind, facts, settings: given = {}, make, remove } = piece;
  const values = Object.fromEntries(Object.entries(given).map(([name, { value }]) => [name, value]));
  const gone: Op = { type: "confirm-gone", kind, id };
  const settings = Object.fromEntries(
    Object.entries(given).map(([name, setting]) => {
      const check: Op = { type: "confirm", kind, id, facts: {}, settings: { [name]: setting.value } };
      return [name, setting.ops.length === 0 ? setting : { ...setting, ops: [...setting.ops, check] }];
    }),
  );
  return {
    ...piece,
    settings,
    make: make.length === 0 ? [] : [...make, { type: "confirm", kind, id, facts, settings: values }],
    remove: remove.length === 0 ? [] : [...remove, gone],
  };
}

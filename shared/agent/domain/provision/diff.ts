import { assert } from "../../../kernel/assert.ts";
import { SalvoError } from "../../../kernel/error.ts";
import type { Found, Piece } from "./piece.ts";

/** Something to do to one piece, as a whole. */
export interface Step<Op> {
  /** "make volume ram0" */
  readonly id: string;
  readonly does: "make" | "set" | "remove";
  /** Of the piece. */
  readonly piece: string;
  readonly kind: string;
  /** The piece, for people. */
  readonly what: string;
  readonly text: string;
  readonly ops: readonly Op[];
  readonly inverse: readonly Op[];
}

/**
 * What leads from what is found to what is wanted: first what must go, the dependent before what it needs; then what must come
 * or change, in the order of `wanted`. None when all is as wanted. `mine`: ids of what this agent has made; nothing else is
 * changed or removed. Throws `refused` when something of others is in the way.
 */
export function diff<Op>(
  wanted: readonly Piece<Op>[],
  found: readonly Found<Op>[],
  mine: ReadonlySet<string>,
): Step<Op>[] {
  const there = new Map(found.map((piece) => [piece.id, piece]));
  for (const piece of wanted) refuseClash(piece, there.get(piece.id), mine);
  const doomed = doomedOf(wanted, found, mine);
  const removals = inOrderOfNeed(found.filter(({ id }) => doomed.has(id)))
    .toReversed()
    .map(removal);

  const ready = new Set(found.flatMap(({ id }) => (doomed.has(id) ? [] : [id])));
  const comings = wanted.flatMap((piece) => {
    for (const id of piece.needs) assert(ready.has(id), `${piece.id} is wanted before ${id}, which it needs`);
    const present = ready.has(piece.id) ? there.get(piece.id) : undefined;
    ready.add(piece.id);
    return present ? change(piece, present, mine) : [making(piece)];
  });
  return [...removals, ...comings];
}

function refuseClash(piece: Piece<unknown>, present: Found<unknown> | undefined, mine: ReadonlySet<string>): void {
  if (!present || piece.shared || mine.has(piece.id)) return;
  throw new SalvoError("refused", `${piece.id} is there already, and this agent did not make it (${present.text})`, {
    remedy: "Remove it by hand if it is of no use, or choose another name",
  });
}

/** What is ours and is not wanted, not whole or not the same, and whatever stands on that. */
function doomedOf(
  wanted: readonly Piece<unknown>[],
  found: readonly Found<unknown>[],
  mine: ReadonlySet<string>,
): Set<string> {
  const wishes = new Map(wanted.map((piece) => [piece.id, piece]));
  const doomed = new Set<string>();
  const doom = (piece: Found<unknown>): void => {
    if (doomed.has(piece.id)) return;
    doomed.add(piece.id);
    for (const dependent of found.filter(({ needs }) => needs.includes(piece.id))) {
      if (!mine.has(dependent.id)) throw inTheWay(piece, dependent);
      doom(dependent);
    }
  };
  for (const piece of found) {
    if (!mine.has(piece.id)) continue;
    const wished = wishes.get(piece.id);
    const isLeft = piece.follows === true || isUsed(piece, found, mine);
    const stays = wished ? piece.problem === undefined && sameFacts(wished, piece) : isLeft;
    if (!stays) doom(piece);
  }
  return doomed;
}

function inTheWay(piece: Found<unknown>, dependent: Found<unknown>): SalvoError {
  return new SalvoError(
    "refused",
    `${piece.id} must be removed, but it has ${dependent.id}, which this agent did not make (${dependent.text})`,
    { remedy: "Remove that by hand first" },
  );
}

function isUsed(piece: Found<unknown>, found: readonly Found<unknown>[], mine: ReadonlySet<string>): boolean {
  if (piece.shared === undefined) return false;
  return piece.shared === "stays" || found.some(({ id, needs }) => needs.includes(piece.id) && !mine.has(id));
}

function sameFacts(one: Piece<unknown>, other: Piece<unknown>): boolean {
  const names = new Set([...Object.keys(one.facts), ...Object.keys(other.facts)]);
  return [...names].every((name) => one.facts[name] === other.facts[name]);
}

/** What is needed comes first. */
function inOrderOfNeed<Op>(pieces: readonly Found<Op>[]): Found<Op>[] {
  const left = new Map(pieces.map((piece) => [piece.id, piece]));
  const ordered: Found<Op>[] = [];
  const take = (piece: Found<Op>): void => {
    if (!left.delete(piece.id)) return;
    for (const id of piece.needs) {
      const needed = left.get(id);
      if (needed) take(needed);
    }
    ordered.push(piece);
  };
  for (const piece of pieces) take(piece);
  return ordered;
}

function making<Op>({ id, kind, text, make, remove }: Piece<Op>): Step<Op> {
  return { ...stepOf("make", id, kind, text), text: `make ${text}`, ops: make, inverse: remove };
}

function removal<Op>({ id, kind, text, make, remove }: Found<Op>): Step<Op> {
  return { ...stepOf("remove", id, kind, text), text: `remove ${text}`, ops: remove, inverse: make };
}

function change<Op>(piece: Piece<Op>, present: Found<Op>, mine: ReadonlySet<string>): Step<Op>[] {
  if (!mine.has(piece.id)) return []; // of others, and shared: as it is, it will do
  const names = Object.keys(piece.settings).filter(
    (name) => piece.settings[name]?.value !== present.settings[name]?.value,
  );
  if (names.length === 0) return [];
  const opsOf = ({ settings }: Piece<Op>) => names.flatMap((name) => settings[name]?.ops ?? []);
  const changes = names.map(
    (name) => `${name} from ${present.settings[name]?.value ?? "unset"} to ${piece.settings[name]?.value ?? "unset"}`,
  );
  const { id, kind } = piece;
  const text = `set of ${id} ${changes.join(", ")}`;
  return [{ ...stepOf("set", id, kind, piece.text), text, ops: opsOf(piece), inverse: opsOf(present) }];
}

function stepOf(does: Step<never>["does"], piece: string, kind: string, what: string) {
  return { id: `${does} ${piece}`, does, piece, kind, what };
}

import { assert } from "../../../kernel/assert.ts";
import { SalvoError } from "../../../kernel/error.ts";
import type { Op } from "./op.ts";
import type { Found, Piece } from "./piece.ts";

/** Something to do as a whole. */
export interface Step {
  /** "make volume ram0" */
  readonly id: string;
  readonly does: "make" | "set" | "remove";
  readonly piece: string;
  readonly text: string;
  readonly ops: readonly Op[];
  readonly inverse: readonly Op[];
}

/**
 * What leads from what is found to what is wanted: first what must go, the dependent before what it needs; then what must come
 * or change, in the order of `wanted`. None when all is as wanted. `mine`: ids of what this agent has made; nothing else is
 * changed or removed. Throws `refused` when something of others is in the way.
 */
export function diff(wanted: readonly Piece[], found: readonly Found[], mine: ReadonlySet<string>): Step[] {
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

function refuseClash(piece: Piece, present: Found | undefined, mine: ReadonlySet<string>): void {
  if (!present || piece.shared || mine.has(piece.id)) return;
  throw new SalvoError("refused", `${piece.id} is there already, and this agent did not make it (${present.text})`, {
    remedy: "Remove it by hand if it is of no use, or choose another name",
  });
}

/** What is ours and is not wanted, not whole or not the same, and whatever stands on that. */
function doomedOf(wanted: readonly Piece[], found: readonly Found[], mine: ReadonlySet<string>): Set<string> {
  const wishes = new Map(wanted.map((piece) => [piece.id, piece]));
  const doomed = new Set<string>();
  const doom = (piece: Found): void => {
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

function inTheWay(piece: Found, dependent: Found): SalvoError {
  return new SalvoError(
    "refused",
    `${piece.id} must be removed, but it has ${dependent.id}, which this agent did not make (${dependent.text})`,
    { remedy: "Remove that by hand first" },
  );
}

function isUsed(piece: Found, found: readonly Found[], mine: ReadonlySet<string>): boolean {
  if (piece.shared === undefined) return false;
  return piece.shared === "stays" || found.some(({ id, needs }) => needs.includes(piece.id) && !mine.has(id));
}

function sameFacts(one: Piece, other: Piece): boolean {
  const names = new Set([...Object.keys(one.facts), ...Object.keys(other.facts)]);
  return [...names].every((name) => one.facts[name] === other.facts[name]);
}

/** What is needed comes first. */
function inOrderOfNeed(pieces: readonly Found[]): Found[] {
  const left = new Map(pieces.map((piece) => [piece.id, piece]));
  const ordered: Found[] = [];
  const take = (piece: Found): void => {
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

function making({ id, text, make, remove }: Piece): Step {
  return { id: `make ${id}`, does: "make", piece: id, text: `make ${text}`, ops: make, inverse: remove };
}

function removal({ id, text, make, remove }: Found): Step {
  return { id: `remove ${id}`, does: "remove", piece: id, text: `remove ${text}`, ops: remove, inverse: make };
}

function change(piece: Piece, present: Found, mine: ReadonlySet<string>): Step[] {
  if (!mine.has(piece.id)) return []; // of others, and shared: as it is, it will do
  const names = Object.keys(piece.settings).filter(
    (name) => piece.settings[name]?.value !== present.settings[name]?.value,
  );
  if (names.length === 0) return [];
  const opsOf = ({ settings }: Piece) => names.flatMap((name) => settings[name]?.ops ?? []);
  const changes = names.map(
    (name) => `${name} from ${present.settings[name]?.value ?? "unset"} to ${piece.settings[name]?.value ?? "unset"}`,
  );
  const text = `set of ${piece.id} ${changes.join(", ")}`;
  return [{ id: `set ${piece.id}`, does: "set", piece: piece.id, text, ops: opsOf(piece), inverse: opsOf(present) }];
}

/**
 * A list where one value belongs: `queueDepth: [1, 8, 64]`. The entry of a study that has it stands for one entry for each
 * value, and with several such lists for each combination. Every entry has its own name: `4k-randread-qd8`.
 */
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { isAlias, isMap, isScalar, isSeq, type Node, Pair, Scalar, YAMLMap } from "yaml";
import { fileKey, ruleOf } from "./fields.ts";
import type { Mistake } from "./mistakes.ts";
import type { SyntaxTree } from "./syntax.ts";

/** A study has at most as many workloads, and as many scenarios. */
const ENTRIES_MAX = 1000;

/** A value of a swept key, with what the entry's name gets for it. */
interface Choice {
  readonly path: readonly DescField[];
  readonly value: Node;
  readonly suffix: string;
}

export interface Expansion {
  /** The entry as it is written where it sweeps nothing. */
  readonly entries: readonly Node[];
  readonly mistakes: readonly Mistake[];
}

/** What one entry of a list stands for. The nodes of its copies have the places of the originals. */
export function expandSweeps(desc: DescMessage, given: Node, { targetOf }: Pick<SyntaxTree, "targetOf">): Expansion {
  const resolve = (node: Node | null): Node | undefined => (isAlias(node) ? targetOf(node) : (node ?? undefined));
  const entry = resolve(given);
  const asIs = { entries: [given], mistakes: [] };
  if (!entry || !isMap(entry)) return asIs;
  const sweeps = findSweeps(desc, entry, resolve);
  if (sweeps.length === 0) return asIs;

  const empty = sweeps.filter(({ choices }) => choices.length === 0);
  const count = sweeps.reduce((product, { choices }) => product * choices.length, 1);
  const mistakes = empty.map(({ offset, key }) => ({ offset, message: `${key} has an empty list: give it values` }));
  if (count > ENTRIES_MAX)
    mistakes.push({
      offset: entry.range?.[0] ?? 0,
      message: `the lists of this entry stand for ${count} entries; at most ${ENTRIES_MAX} are possible`,
    });
  if (mistakes.length > 0) return { entries: [], mistakes };
  const combinations = sweeps.reduce<readonly (readonly Choice[])[]>(
    (before, { choices }) => before.flatMap((chosen) => choices.map((choice) => [...chosen, choice])),
    [[]],
  );
  return { entries: combinations.map((choices) => entryOf(entry, choices, resolve)), mistakes: [] };
}

type Resolve = (node: Node | null) => Node | undefined;

interface Sweep {
  readonly key: string;
  readonly offset: number;
  readonly choices: readonly Choice[];
}

/** In the order in which the file has them, which is that of the names' endings. */
function findSweeps(desc: DescMessage, map: YAMLMap, resolve: Resolve, above: readonly DescField[] = []): Sweep[] {
  return pairsOf(map).flatMap(({ key, value }) => {
    const field = desc.fields.find((each) => fileKey(each) === wordOf(key));
    const node = resolve(value);
    if (!field || !node || field.fieldKind === "list") return [];
    const path = [...above, field];
    if (field.message) return isMap(node) ? findSweeps(field.message, node, resolve, path) : [];
    const { sweep } = ruleOf(field);
    if (sweep === "" || !isSeq(node)) return [];
    // The library leaves the type of entries open; parsed ones are nodes.
    const choices = node.items.map((item) => choiceOf(path, item as Node, sweep, resolve));
    return [{ key: fileKey(field), offset: node.range?.[0] ?? 0, choices }];
  });
}

function choiceOf(path: readonly DescField[], value: Node, word: string, resolve: Resolve): Choice {
  const target = resolve(value);
  const text = isScalar(target) ? String(target.value) : "";
  return { path, value, suffix: `-${word}${nameOf(text)}` };
}

/** `4KiB` is 4k in a name. */
function nameOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/(?<=\d[kmgt])ib$/, "")
    .replaceAll(/[^a-z0-9]+/g, "-");
}

function entryOf(entry: YAMLMap, choices: readonly Choice[], resolve: Resolve): YAMLMap {
  const chosen = choices.reduce(
    (map, { path, value }) => replaced(map, path.map(fileKey), () => value, resolve),
    entry,
  );
  const ending = choices.map(({ suffix }) => suffix).join("");
  return replaced(chosen, ["name"], (name) => named(name, ending, resolve), resolve);
}

/** The name with the ending; anything but a plain text stays, for the reader to refuse. */
function named(name: Node, ending: string, resolve: Resolve): Node {
  const node = resolve(name);
  if (!isScalar(node) || typeof node.value !== "string" || node.value === "") return name;
  const longer = new Scalar(`${node.value}${ending}`);
  longer.range = node.range ?? null;
  longer.type = node.type ?? Scalar.PLAIN;
  return longer;
}

/** A copy with another value at the path of keys; all else is shared with the original. */
function replaced(map: YAMLMap, keys: readonly string[], change: (value: Node) => Node, resolve: Resolve): YAMLMap {
  const [first, ...rest] = keys;
  const copy = new YAMLMap();
  copy.range = map.range ?? null;
  if (map.tag !== undefined) copy.tag = map.tag;
  copy.items = pairsOf(map).map((pair) => {
    const { key, value } = pair;
    if (!value || wordOf(key) !== first) return pair;
    const inner = resolve(value);
    if (rest.length === 0) return new Pair(key, change(value));
    return isMap(inner) ? new Pair(key, replaced(inner, rest, change, resolve)) : pair;
  });
  return copy;
}

function pairsOf(map: YAMLMap): Pair<Node | null, Node | null>[] {
  // The library leaves the types of a pair's halves open; parsed ones are nodes.
  return map.items as Pair<Node | null, Node | null>[];
}

function wordOf(key: Node | null): string | undefined {
  return isScalar(key) && typeof key.value === "string" ? key.value : undefined;
}

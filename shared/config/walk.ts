import type { DescField } from "@bufbuild/protobuf";
import { reflect, type ReflectMessage, scalarZeroValue } from "@bufbuild/protobuf/reflect";
import { isAlias, isMap, isScalar, isSeq, type Node, Scalar } from "yaml";
import { assert } from "../kernel/assert.ts";
import { enumNames, expected, fileKey, messageKind, ruleOf } from "./fields.ts";
import type { Mistake } from "./mistakes.ts";
import { nearest } from "./nearest.ts";
import { quote } from "./quantity.ts";
import { isNull, readScalar, type Written } from "./scalar.ts";
import { expandSweeps } from "./sweeps.ts";
import type { SyntaxTree } from "./syntax.ts";

/** Aliases let a small file stand for a huge one: so many values may be read in all. 10,000 participants are 30,000. */
const VALUES_MAX = 100_000;

/** What came of reading a tree into a message; paths as in rules.ts. */
export interface Walk {
  readonly mistakes: Mistake[];
  /** Where the values stand that the file has. */
  readonly offsets: Map<string, number>;
  /** The values that could not be read and are empty in the message. */
  readonly broken: Set<string>;
}

/** Where a value belongs. */
interface Slot {
  readonly path: string;
  /** What people call it: the key in the file, `roles[1]`. */
  readonly name: string;
  /** Where the file says so, for a value that is not there itself. */
  readonly offset: number;
}

/** Fills the message with what the tree holds, led by the message's descriptor. */
export function readTree(tree: SyntaxTree, into: ReflectMessage): Walk {
  const walk: Walk = { mistakes: [], offsets: new Map(), broken: new Set() };
  let values = 0;

  const breakAt = ({ path, offset }: Slot, message: string) => {
    walk.broken.add(path);
    walk.mistakes.push({ offset, message });
  };

  /** The node itself, or what an alias stands for. Undefined when there is nothing to read, which was noted then. */
  function open(slot: Slot, node: Node | null | undefined, field?: DescField): Node | undefined {
    values += 1;
    if (values > VALUES_MAX) {
      if (values === VALUES_MAX + 1) breakAt(slot, `the file stands for more than ${VALUES_MAX} values`);
      else walk.broken.add(slot.path);
      return undefined;
    }
    const target = isAlias(node) ? tree.targetOf(node) : node;
    if (target?.tag)
      breakAt(slot, `${slot.name} has the tag ${quote(target.tag)}: tags are not supported, take it out`);
    else if (!target || (isScalar(target) && isNull(written(target)) && !isNameOf(field, written(target))))
      breakAt(slot, `${slot.name} has no value: give it one, or take the key out`);
    else return target;
    return undefined;
  }

  function readMessage(message: ReflectMessage, node: Node, slot: Slot): void {
    if (!isMap(node)) {
      breakAt(slot, `${slot.name} must be ${messageKind(message.desc)}, not ${kindOf(node)}`);
      return;
    }
    const fields = new Map(message.fields.map((field) => [fileKey(field), field]));
    const seen = new Map<DescField, number>();
    for (const pair of node.items) {
      // The library leaves the types of a pair's halves open; parsed ones are nodes.
      const [key, value] = [pair.key as Node | null, pair.value as Node | null];
      const offset = key?.range?.[0] ?? slot.offset;
      const word = isScalar(key) && !key.tag ? written(key).text : undefined;
      const field = word === undefined ? undefined : fields.get(word);
      if (!field) {
        const { meant, message: text } = unknownKey(word, [...fields.values()]);
        walk.mistakes.push({ offset, message: text });
        // Not missing as well: it is what this mistake is about.
        if (meant) walk.broken.add(pathIn(slot, meant));
        continue;
      }
      const name = fileKey(field);
      const first = seen.get(field);
      if (first !== undefined) {
        const { line } = tree.placeOf(first);
        walk.mistakes.push({ offset, message: `${name} is already given in line ${line}: keep one of the two` });
        continue;
      }
      seen.set(field, offset);
      readField(message, field, value, { path: pathIn(slot, field), name, offset: value?.range?.[0] ?? offset });
    }
    for (const field of message.fields) if (!seen.has(field)) setDefault(message, field);
  }

  function readField(message: ReflectMessage, field: DescField, given: Node | null, slot: Slot): void {
    assert(field.fieldKind !== "map" && !field.oneof, `files have no maps and no oneofs (${field.name})`);
    walk.offsets.set(slot.path, slot.offset);
    const node = open(slot, given, field);
    if (!node) return;
    if (field.fieldKind !== "list") {
      message.set(field, readOne(field, node, slot));
      return;
    }
    if (!isSeq(node)) {
      breakAt(slot, `${slot.name} must be a list, each entry ${expected(field)}; not ${kindOf(node)}`);
      return;
    }
    const entries = message.get(field);
    const items = node.items.flatMap((item) => {
      // As above: entries that were parsed are nodes.
      const entry = item as Node;
      if (!field.message) return [entry];
      const { entries: all, mistakes } = expandSweeps(field.message, entry, tree);
      walk.mistakes.push(...mistakes);
      if (mistakes.length > 0) walk.broken.add(slot.path);
      return all;
    });
    for (const [index, entry] of items.entries()) {
      const place = entry.range?.[0] ?? slot.offset;
      const entrySlot = { path: `${slot.path}[${index}]`, name: `${slot.name}[${index}]`, offset: place };
      walk.offsets.set(entrySlot.path, place);
      entries.add(readOne(field, open(entrySlot, entry, field), entrySlot));
    }
  }

  /** A value that can be set; an empty one where none could be read, so that entries behind it keep their numbers. */
  function readOne(field: DescField, node: Node | undefined, slot: Slot): unknown {
    if (field.message) {
      const message = reflect(field.message);
      if (node) readMessage(message, node, slot);
      return message;
    }
    const empty = field.enum ? 0 : scalarZeroValue(field.scalar, false);
    if (!node) return empty;
    if (!isScalar(node)) {
      breakAt(slot, `${slot.name} must be ${expected(field)}, not ${kindOf(node)}`);
      return empty;
    }
    const reading = readScalar(field, written(node));
    if ("value" in reading) return reading.value;
    breakAt(slot, `${slot.name} ${reading.problem}`);
    return empty;
  }

  walk.offsets.set("", tree.root?.range?.[0] ?? 0);
  const slot = { path: "", name: "the file", offset: tree.root?.range?.[0] ?? 0 };
  if (!tree.root || (isScalar(tree.root) && isNull(written(tree.root)))) breakAt(slot, "the file is empty");
  else {
    const root = open(slot, tree.root);
    if (root) readMessage(into, root, slot);
  }
  return walk;
}

function setDefault(message: ReflectMessage, field: DescField): void {
  const { defaultValue } = ruleOf(field);
  if (defaultValue === "") return;
  const reading = readScalar(field, { text: defaultValue, quoted: false });
  assert("value" in reading, `the default of ${field.name} can be read`);
  message.set(field, reading.value);
}

/** What to say about a key that is none, and the field it was probably meant for. */
function unknownKey(word: string | undefined, fields: readonly DescField[]): { message: string; meant?: DescField } {
  if (word === undefined) return { message: "a key must be a plain word" };
  if (word === "<<") return { message: "merge keys (<<) are not supported: write the keys out" };
  const ended = fields.find(
    (field) => fileKey(field) !== field.jsonName && [field.jsonName, field.name].includes(word),
  );
  if (ended) {
    const message = `the key ${word} is spelt ${fileKey(ended)} in files, and its value has a unit: ${expected(ended)}`;
    return { message, meant: ended };
  }
  const keys = fields.map(fileKey);
  const near = nearest(word, keys);
  const meant = fields.find((field) => fileKey(field) === near);
  if (meant) return { message: `unknown key ${quote(word)}, did you mean ${near}?`, meant };
  return { message: `unknown key ${quote(word)} (there are ${keys.join(", ")})` };
}

function pathIn(slot: Slot, field: DescField): string {
  return slot.path === "" ? field.localName : `${slot.path}.${field.localName}`;
}

/** The schema that syntax.ts parses with leaves every scalar a string, or null where there is nothing at all. */
function written({ value, type }: Scalar): Written {
  return { text: typeof value === "string" ? value : "", quoted: type !== undefined && type !== Scalar.PLAIN };
}

/** One of an enum's names may be a word that YAML has for nothing at all: fio's engine null. */
function isNameOf(field: DescField | undefined, { text }: Written): boolean {
  return field?.enum !== undefined && enumNames(field.enum).has(text);
}

function kindOf(node: Node): string {
  if (isScalar(node)) return `the text ${quote(written(node).text)}`;
  return isSeq(node) ? "a list" : "keys with values";
}

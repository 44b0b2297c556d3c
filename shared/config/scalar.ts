import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { Unit } from "@salvo/proto/rule_pb.ts";
import { assert } from "../kernel/assert.ts";
import { enumNames, expected, ruleOf } from "./fields.ts";
import { didYouMean } from "./nearest.ts";
import { parseQuantity, quote, type Reading } from "./quantity.ts";

/** A value as it stands in the file. */
export interface Written {
  readonly text: string;
  /** In quotation marks, or a block: text and nothing else. */
  readonly quoted: boolean;
}

/** Reads one text as the field's (of a list: one entry's) type and unit. The field's limits are checked later, by rules.ts. */
export function readScalar(field: DescField, written: Written): Reading<string | boolean | number | bigint> {
  const { text } = written;
  if (field.enum) return readEnum(field, text);
  const { unit } = ruleOf(field);
  if (unit !== Unit.UNSPECIFIED) {
    const quantity = parseQuantity(text, unit);
    return "problem" in quantity ? quantity : fit(field, quantity.value);
  }
  if (field.scalar === ScalarType.STRING)
    return text.isWellFormed()
      ? { value: text }
      : { problem: "must be Unicode text, but has half of a character in it (\\ud800 to \\udfff)" };
  if (field.scalar === ScalarType.BOOL) return readBool(written);
  return readWholeNumber(field, written);
}

/** Null, by any of the names that YAML has for it. */
export function isNull({ text, quoted }: Written): boolean {
  return !quoted && ["", "~", "null", "Null", "NULL"].includes(text);
}

function readEnum(field: DescField, text: string): Reading<number> {
  assert(field.enum, `${field.name} is an enum`);
  const names = enumNames(field.enum);
  const value = names.get(text);
  if (value !== undefined) return { value };
  return { problem: `must be ${expected(field)}, not ${quote(text)}${didYouMean(text, [...names.keys()])}` };
}

function readBool({ text, quoted }: Written): Reading<boolean> {
  if (!quoted && (text === "true" || text === "false")) return { value: text === "true" };
  return { problem: `must be true or false${quoted ? " without quotation marks" : ""}, not ${quote(text)}` };
}

function readWholeNumber(field: DescField, { text, quoted }: Written): Reading<number | bigint> {
  // No leading zeros: some YAML readers take them for octal numbers.
  if (!quoted && /^-?(0|[1-9]\d{0,24})$/.test(text)) return fit(field, BigInt(text));
  return {
    problem: `must be a whole number such as 16${quoted ? " without quotation marks" : ""}, not ${quote(text)}`,
  };
}

/** The integer types that files use, their limits, and whether protobuf-es holds them as bigint. */
const INTEGERS: Readonly<Record<number, { min: bigint; max: bigint; big: boolean }>> = {
  [ScalarType.UINT32]: { min: 0n, max: 2n ** 32n - 1n, big: false },
  [ScalarType.INT32]: { min: -(2n ** 31n), max: 2n ** 31n - 1n, big: false },
  [ScalarType.UINT64]: { min: 0n, max: 2n ** 64n - 1n, big: true },
  [ScalarType.INT64]: { min: -(2n ** 63n), max: 2n ** 63n - 1n, big: true },
};

function fit(field: DescField, value: bigint): Reading<number | bigint> {
  const type = field.scalar === undefined ? undefined : INTEGERS[field.scalar];
  assert(type, `files have no fields of ${field.name}'s type`);
  if (value < type.min) return { problem: `must be at least ${type.min}, but is ${value}` };
  if (value > type.max) return { problem: `is too large: ${value} is more than ${type.max}` };
  return { value: type.big ? value : Number(value) };
}

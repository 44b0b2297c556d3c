import { type DescField, type DescMessage, type MessageShape, ScalarType } from "@bufbuild/protobuf";
import { isReflectMessage, reflect, type ReflectList, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import { Unit } from "@salvo/proto/rule_pb.ts";
import { assert } from "../kernel/assert.ts";
import { SalvoError } from "../kernel/error.ts";
import { expected, ruleOf } from "./fields.ts";
import { formatQuantity, quote } from "./quantity.ts";

/** What is wrong with one value of a message. */
export interface Violation {
  /** Property names from the message down: `scenarios[0].participants[1].agent`. */
  readonly path: string;
  /** Reads on from the value's name: "must be at least 4KiB, but is 512B". */
  readonly message: string;
  /** The value is required and not set. */
  readonly unset?: true;
}

/**
 * Checks a message and all within it against the rules in its .proto (salvo/v1/rule.proto), and that every enum value is
 * known. Empty when all is well. A value that is not set (0, empty) is only ever wrong for being required.
 */
export function checkMessage<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Violation[] {
  const found: Violation[] = [];
  checkFields(reflect(schema, message), "", found);
  return found;
}

/** Throws invalid-input that names every violation. */
export function assertValid<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): void {
  const violations = checkMessage(schema, message);
  if (violations.length > 0)
    throw new SalvoError("invalid-input", `${schema.name} is not valid: ${listViolations(violations)}`);
}

/** The violations in one line, the first twenty of them. */
export function listViolations(violations: readonly Violation[]): string {
  const shown = violations.slice(0, SHOWN_MAX).map(({ path, message }) => `${path} ${message}`);
  if (violations.length > SHOWN_MAX) shown.push(`and ${violations.length - SHOWN_MAX} more`);
  return shown.join("; ");
}

const SHOWN_MAX = 20;

function checkFields(message: ReflectMessage, prefix: string, found: Violation[]): void {
  for (const field of message.fields) {
    const path = `${prefix}${field.localName}`;
    if (!message.isSet(field)) {
      if (ruleOf(field).required) found.push({ path, message: unsetProblem(field), unset: true });
      continue;
    }
    assert(field.fieldKind !== "map", `rules know no maps (${field.name})`);
    if (field.fieldKind === "message") checkFields(message.get(field), `${path}.`, found);
    else if (field.fieldKind === "list") checkList(field, message.get(field), path, found);
    else checkValue(field, message.get(field), path, found);
  }
}

function checkList(field: DescField, entries: ReflectList, path: string, found: Violation[]): void {
  const { min = 0, max = Infinity, uniqueBy } = ruleOf(field);
  if (entries.size < min) found.push({ path, message: `must have at least ${min} entries, but has ${entries.size}` });
  if (entries.size > max) {
    found.push({ path, message: `must have at most ${max} entries, but has ${entries.size}` });
    return; // whatever is wrong with each of so many is not worth its memory
  }
  const firstWith = new Map<unknown, number>();
  for (const [index, entry] of entries.entries()) {
    const place = `${path}[${index}]`;
    if (!isReflectMessage(entry)) {
      checkValue(field, entry, place, found);
      continue;
    }
    checkFields(entry, `${place}.`, found);
    const key = entry.desc.field[uniqueBy];
    if (!key || !entry.isSet(key)) continue;
    const value: unknown = entry.get(key);
    const first = firstWith.get(value);
    if (first === undefined) firstWith.set(value, index);
    else
      found.push({
        path: `${place}.${key.localName}`,
        message: `must differ in every entry of ${field.localName}, but ${quote(String(value))} is in entries ${first + 1} and ${index + 1}`,
      });
  }
}

function checkValue(field: DescField, value: unknown, path: string, found: Violation[]): void {
  const problem = valueProblem(field, value);
  if (problem !== undefined) found.push({ path, message: problem });
}

function valueProblem(field: DescField, value: unknown): string | undefined {
  if (field.enum) {
    const known = field.enum.values.some(({ number }) => number !== 0 && number === value);
    return known ? undefined : `must be ${expected(field)}, not number ${String(value)}`;
  }
  const rule = ruleOf(field);
  if (typeof value === "string" || value instanceof Uint8Array) {
    const max = field.fieldKind === "list" ? Infinity : (rule.max ?? Infinity); // of a list it is how many entries
    const units = typeof value === "string" ? "characters" : "bytes";
    // First: a pattern need not look at what is too long anyway.
    if (value.length > max) return `must have at most ${max} ${units}, but has ${value.length}`;
  }
  if (typeof value === "string" && rule.pattern && !wholePattern(rule.pattern).test(value))
    return `must be ${expected(field)} (${rule.pattern}), not ${quote(value)}`;
  if (field.fieldKind === "list" || (typeof value !== "number" && typeof value !== "bigint")) return undefined;
  if (field.scalar !== ScalarType.DOUBLE && field.scalar !== ScalarType.FLOAT && !isWhole(value))
    return `must be a whole number, but is ${value}`;
  if (rule.min !== undefined && !(value >= rule.min))
    return `must be at least ${show(field, rule.min)}, but is ${show(field, value)}`;
  if (rule.max !== undefined && !(value <= rule.max))
    return `must be at most ${show(field, rule.max)}, but is ${show(field, value)}`;
  return undefined;
}

function unsetProblem(field: DescField): string {
  if (field.fieldKind === "list") return "must have at least one entry";
  if (field.enum) return `must be ${expected(field)}`;
  if (field.message) return "is missing";
  if (field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES) return "must not be empty";
  const { min } = ruleOf(field);
  return min === undefined ? "must not be 0" : `must be at least ${show(field, min)}, but is ${show(field, 0)}`;
}

function isWhole(value: number | bigint): boolean {
  return typeof value === "bigint" || Number.isSafeInteger(value);
}

/** A number as files write it. */
function show(field: DescField, value: number | bigint): string {
  const { unit } = ruleOf(field);
  return unit === Unit.UNSPECIFIED ? String(value) : formatQuantity(BigInt(value), unit);
}

function wholePattern(pattern: string): RegExp {
  const known = patterns.get(pattern);
  if (known) return known;
  const whole = new RegExp(`^(?:${pattern})$`, "u");
  patterns.set(pattern, whole);
  return whole;
}

/** As many as the contract has patterns. */
const patterns = new Map<string, RegExp>();

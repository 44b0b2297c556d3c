import { readFileSync } from "node:fs";
import {
  create,
  type DescField,
  type DescMessage,
  equals,
  type MessageInitShape,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import { isReflectMessage, reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import { AgentConfigSchema } from "@salvo/proto/agent_file_pb.ts";
import { LabSchema } from "@salvo/proto/lab_pb.ts";
import { Unit } from "@salvo/proto/rule_pb.ts";
import { StudySchema } from "@salvo/proto/study_pb.ts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { SalvoError } from "../kernel/error.ts";
import { enumNames, fileKey, ruleOf } from "./fields.ts";
import { fromPlain } from "./plain.ts";
import { formatQuantity } from "./quantity.ts";
import { checkMessage } from "./rules.ts";
import { readYaml } from "./yaml.ts";

const EXAMPLES = ["labs/one-machine.yaml", "labs/agent-example.yaml", "studies/article.yaml"].map((file) =>
  readFileSync(new URL(`../../${file}`, import.meta.url), "utf8"),
);

/** Reading ends in a message that keeps the rules, or in the one error for people; anything else fails the test. */
function readOrRefuse(text: string): void {
  for (const schema of [LabSchema, StudySchema, AgentConfigSchema]) {
    try {
      expect(checkMessage(schema, readYaml(schema, text, "f").message)).toEqual([]);
    } catch (error) {
      if (!(error instanceof SalvoError)) throw error;
      expect(error.kind).toBe("invalid-input");
      for (const line of error.message.split("\n")) expect(line).toMatch(/^f:(\d+:\d+:| and \d+ more) ./);
      expect(error.line).toBeGreaterThan(0);
      expect(error.column).toBeGreaterThan(0);
    }
  }
}

test("no text whatever makes the reader fail in any other way than invalid-input", () => {
  const marks = fc.constantFrom(
    ..."[]{}:,-?&*!|>'\"%@#<~ \n\t\r\\".split(""),
    "name",
    "agents",
    "- ",
    ": ",
    "&a ",
    "*a",
    "---\n",
    "!!map ",
    "\\ud800",
    "\u{FEFF}",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(marks, { maxLength: 40 }).map((parts) => parts.join("")),
  );
  fc.assert(fc.property(text, readOrRefuse), { numRuns: 1500 });
});

test("nor does any damage to the files that we ship", () => {
  const bit = fc.oneof(
    fc.string({ maxLength: 5 }),
    fc.constantFrom("\n", "  ", "- ", ": ", "[", "}", '"', "~", "*a", "&a ", "-1", "1e9"),
  );
  const damage = fc.record({ at: fc.nat(), cut: fc.nat({ max: 30 }), bit });
  const damaged = fc.tuple(fc.constantFrom(...EXAMPLES), fc.array(damage, { minLength: 1, maxLength: 4 }));
  fc.assert(
    fc.property(damaged, ([example, damages]) => {
      const text = damages.reduce((text, { at, cut, bit }) => {
        const from = at % (text.length + 1);
        return text.slice(0, from) + bit + text.slice(from + cut);
      }, example);
      readOrRefuse(text);
    }),
    { numRuns: 300 },
  );
});

test.each([LabSchema, StudySchema, AgentConfigSchema].map((schema) => ({ name: schema.name, schema })))(
  "every valid $name comes back from a file the same",
  ({ schema }) => {
    fc.assert(
      fc.property(anyValid(schema), (message) => {
        const read = fromPlain(schema, toPlain(reflect(schema, message)), "f");
        expect(equals(schema, read.message, message)).toBe(true);
        expect(read.locate("name").line).toBeGreaterThan(0);
      }),
      { numRuns: 60 },
    );
  },
);

/** Messages that keep every rule, made by following the rules. */
function anyValid<Desc extends DescMessage>(schema: Desc): fc.Arbitrary<MessageShape<Desc>> {
  return anyInit(schema)
    .map((init) => create(schema, init))
    .filter((message) => checkMessage(schema, message).length === 0);
}

function anyInit<Desc extends DescMessage>(schema: Desc): fc.Arbitrary<MessageInitShape<Desc>> {
  const values = Object.fromEntries(schema.fields.map((field) => [field.localName, anyValue(field)]));
  // The type of a message cannot be computed from its descriptor's fields; create() would refuse a wrong one.
  return fc.record(values) as fc.Arbitrary<MessageInitShape<Desc>>;
}

function anyValue(field: DescField): fc.Arbitrary<unknown> {
  const single = anySingle(field);
  if (field.fieldKind === "list") return fc.array(single, { minLength: ruleOf(field).required ? 1 : 0, maxLength: 3 });
  return field.message && !ruleOf(field).required ? fc.option(single, { nil: undefined }) : single;
}

function anySingle(field: DescField): fc.Arbitrary<unknown> {
  const { pattern, min = 0, max = 2 ** 32 - 1 } = ruleOf(field);
  if (field.message) return anyInit(field.message);
  if (field.enum) return fc.constantFrom(...enumNames(field.enum).values());
  if (field.scalar === ScalarType.BOOL) return fc.boolean();
  if (field.scalar === ScalarType.STRING)
    return pattern ? fc.stringMatching(new RegExp(`^(?:${pattern})$`)) : fc.string({ unit: "grapheme", minLength: 1 });
  return field.scalar === ScalarType.UINT64 ? fc.bigInt(BigInt(min), 2n ** 26n) : fc.integer({ min, max });
}

/** The object that the message's file would be. */
function toPlain(message: ReflectMessage): object {
  const entries = message.fields
    .filter((field) => field.fieldKind !== "message" || message.isSet(field))
    .map((field) => {
      const value: unknown = message.get(field);
      return [
        fileKey(field),
        field.fieldKind === "list"
          ? [...message.get(field)].map((one) => plainValue(field, one))
          : plainValue(field, value),
      ];
    });
  return Object.fromEntries(entries);
}

function plainValue(field: DescField, value: unknown): unknown {
  const { unit } = ruleOf(field);
  if (isReflectMessage(value)) return toPlain(value);
  if (field.enum) return [...enumNames(field.enum)].find(([, number]) => number === value)?.[0];
  if (unit !== Unit.UNSPECIFIED && (typeof value === "number" || typeof value === "bigint"))
    return formatQuantity(BigInt(value), unit);
  return value;
}

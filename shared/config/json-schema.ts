/** A JSON Schema of a file that is read as a protobuf message: editors complete keys with it and mark mistakes. Pure. */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { Unit } from "@salvo/proto/rule_pb.ts";
import { enumNames, fileKey, ruleOf } from "./fields.ts";

export type JsonSchema = { readonly [key: string]: unknown };

const UNIT_PATTERNS: Readonly<Record<number, { readonly pattern: string; readonly examples: readonly string[] }>> = {
  [Unit.BYTES]: { pattern: "^[0-9]+(B|KiB|MiB|GiB|TiB)$", examples: ["4KiB", "64MiB"] },
  [Unit.MILLISECONDS]: { pattern: "^[0-9]+(\\.[0-9]+)?(ms|s|m|h)$", examples: ["10s", "500ms"] },
};

/** Of draft-07, which editors know best. */
export function jsonSchemaOf(desc: DescMessage, title: string): JsonSchema {
  return { $schema: "http://json-schema.org/draft-07/schema#", title, ...messageSchema(desc) };
}

function messageSchema(desc: DescMessage): JsonSchema {
  const required = desc.fields.filter((field) => ruleOf(field).required && ruleOf(field).defaultValue === "");
  return {
    type: "object",
    additionalProperties: false,
    ...(required.length > 0 && { required: required.map(fileKey) }),
    properties: Object.fromEntries(desc.fields.map((field) => [fileKey(field), fieldSchema(field)])),
  };
}

function fieldSchema(field: DescField): JsonSchema {
  const { max, required, sweep, defaultValue } = ruleOf(field);
  const one = valueSchema(field);
  if (field.fieldKind === "list")
    return { type: "array", items: one, ...(required && { minItems: 1 }), ...(max !== undefined && { maxItems: max }) };
  const shown = defaultValue === "" ? {} : { description: `default: ${defaultValue}` };
  return sweep === "" ? { ...one, ...shown } : { anyOf: [one, { type: "array", items: one, minItems: 1 }], ...shown };
}

/** Of one value, or one entry of a list. */
function valueSchema(field: DescField): JsonSchema {
  if (field.message) return messageSchema(field.message);
  if (field.enum) return { enum: [...enumNames(field.enum).keys()] };
  const { unit, pattern, min, max } = ruleOf(field);
  const units = UNIT_PATTERNS[unit];
  if (units) return { type: "string", ...units };
  if (field.scalar === ScalarType.BOOL) return { type: "boolean" };
  if (field.scalar === ScalarType.STRING)
    return { type: "string", ...(pattern !== "" && { pattern: `^(?:${pattern})$` }) };
  return {
    type: "integer",
    minimum: min ?? 0,
    ...(max !== undefined && field.fieldKind !== "list" && { maximum: max }),
  };
}

import {
  type DescEnum,
  type DescEnumValue,
  type DescField,
  type DescMessage,
  getOption,
  ScalarType,
} from "@bufbuild/protobuf";
import { file_name, type Rule, rule, Unit } from "@salvo/proto/rule_pb.ts";
import { quantityKind } from "./quantity.ts";

/** The rule beside the field in its .proto file (salvo/v1/rule.proto); an empty one when it has none. */
export function ruleOf(field: DescField): Rule {
  const known = rules.get(field);
  if (known) return known;
  const found = getOption(field, rule);
  rules.set(field, found);
  return found;
}

const rules = new WeakMap<DescField, Rule>();

const ENDINGS: Readonly<Record<number, string>> = { [Unit.BYTES]: "Bytes", [Unit.MILLISECONDS]: "Ms" };

/** The field's key in a YAML file: its protobuf JSON name, without the ending that names a unit. */
export function fileKey(field: DescField): string {
  const ending = ENDINGS[ruleOf(field).unit];
  return ending && field.jsonName.endsWith(ending) ? field.jsonName.slice(0, -ending.length) : field.jsonName;
}

/** The short names by which files call an enum's values, in order; 0, "unspecified", is not one of them. */
export function enumNames({ values }: DescEnum): Map<string, number> {
  return new Map(values.filter(({ number }) => number !== 0).map((value) => [valueName(value), value.number]));
}

/** TRANSPORT_NVME_TCP is `nvme-tcp`. */
export function valueName(value: DescEnumValue): string {
  return getOption(value, file_name) || value.localName.toLowerCase().replaceAll("_", "-");
}

/** What a single value of the field (of a list: one entry) looks like, as in "must be ..." */
export function expected(field: DescField): string {
  const { unit, patternName } = ruleOf(field);
  if (field.message) return messageKind(field.message);
  if (field.enum) return `one of ${[...enumNames(field.enum).keys()].join(", ")}`;
  if (unit !== Unit.UNSPECIFIED) return quantityKind(unit);
  if (field.scalar === ScalarType.STRING) return patternName || "a text";
  return field.scalar === ScalarType.BOOL ? "true or false" : "a whole number";
}

/** "a lab agent with the keys id, address, roles, onLoss" */
export function messageKind(schema: DescMessage): string {
  const words = schema.name.replaceAll(/(?<=.)[A-Z]/g, " $&").toLowerCase();
  const article = /^[aeio]/.test(words) ? "an" : "a";
  return `${article} ${words} with the keys ${schema.fields.map(fileKey).join(", ")}`;
}

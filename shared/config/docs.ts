import type { DescMessage } from "@bufbuild/protobuf";
import { Unit } from "@salvo/proto/rule_pb.ts";
import { expected, fileKey, ruleOf } from "./fields.ts";
import { formatQuantity } from "./quantity.ts";

/** A key of a file, for a reference table. */
export interface KeyDoc {
  /** `workloads[].blockSize` */
  readonly key: string;
  /** What its value looks like. */
  readonly type: string;
  readonly required: boolean;
  /** What a file without the key means; empty when that is 0, false or nothing. */
  readonly default: string;
  /** `512B to 64MiB`, `at most 1000 entries`; empty when there are none. */
  readonly limits: string;
}

/** Every key that a file of the schema may have, in the order of its .proto, each list or message before what it holds. */
export function schemaDocs(schema: DescMessage, prefix = ""): KeyDoc[] {
  return schema.fields.flatMap((field) => {
    const { required, defaultValue, min, max, unit } = ruleOf(field);
    const show = (value: number) => (unit === Unit.UNSPECIFIED ? String(value) : formatQuantity(BigInt(value), unit));
    const isList = field.fieldKind === "list";
    const key = `${prefix}${fileKey(field)}${isList ? "[]" : ""}`;
    const range = [min !== undefined && `at least ${show(min)}`, max !== undefined && `at most ${show(max)}`]
      .filter((part) => part !== false)
      .join(", ");
    const limits = range && isList ? `${range} entries` : range;
    const row = {
      key,
      type: expected(field),
      required: required && defaultValue === "",
      default: defaultValue,
      limits,
    };
    return [row, ...(field.message ? schemaDocs(field.message, `${key}.`) : [])];
  });
}

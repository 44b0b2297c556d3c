import type { DescEnum } from "@bufbuild/protobuf";

/** EVENT_KIND_ARMED is armed; a number that this version does not know is told as it is. */
export function enumName(schema: DescEnum, value: number): string {
  return schema.value[value]?.localName.toLowerCase() ?? `unknown (${value})`;
}

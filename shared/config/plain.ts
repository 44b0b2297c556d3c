import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { stringify } from "yaml";
import { type FromFile, readYaml } from "./yaml.ts";

/**
 * As readYaml, for an object in code that is written as the file would be: `{ blockSize: "4KiB", jobs: 8 }`. `name`
 * stands for the file in errors.
 */
export function fromPlain<Desc extends DescMessage>(
  schema: Desc,
  plain: object,
  name: string,
): FromFile<MessageShape<Desc>> {
  return readYaml(schema, stringify(plain, { aliasDuplicateObjects: false }), name);
}

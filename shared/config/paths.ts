import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { fileKey } from "./fields.ts";

/** What holds the value at a path: `a[0].b` is in `a[0]`, that in `a`, that in the message itself, "". */
export function parentPath(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("."), path.lastIndexOf("["), 0));
}

/** The field that a path like `workloads[0].blockSizeBytes` leads to. */
export function fieldAt(schema: DescMessage, path: string): DescField | undefined {
  let message: DescMessage | undefined = schema;
  let field: DescField | undefined;
  for (const name of path.replaceAll(/\[\d+\]/g, "").split(".")) {
    field = message?.field[name];
    message = field?.message;
  }
  return field;
}

/** What people call the value at a path: its key in the file, or `roles[1]` for an entry of a list. */
export function shownName(schema: DescMessage, path: string): string {
  const field = fieldAt(schema, path);
  const [index = ""] = /\[\d+\]$/.exec(path) ?? [];
  return field ? `${fileKey(field)}${index}` : path;
}

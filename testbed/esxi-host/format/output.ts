/** What a command of esxcli answers, before a formatter prints it. */
export type Value = string | number | boolean | readonly string[];

export type Field = readonly [name: string, value: Value];

export interface Block {
  /** The line above the fields. */
  readonly heading: string;
  /** Where the heading is a field of the structure that text does not repeat: the name that other formatters give it. */
  readonly headingIs?: string;
  readonly fields: readonly Field[];
}

export type Output =
  | { readonly kind: "nothing" }
  /** A line for a person; formatters print it as it is. */
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly value: string | number | boolean }
  | { readonly kind: "structure"; readonly type: string; readonly title?: string; readonly fields: readonly Field[] }
  | { readonly kind: "blocks"; readonly type: string; readonly blocks: readonly Block[] }
  | {
      readonly kind: "table";
      readonly type: string;
      readonly columns: readonly string[];
      readonly rows: readonly (readonly Value[])[];
    };

export const nothing: Output = { kind: "nothing" };

export function text(line: string): Output {
  return { kind: "text", text: line };
}

export function table(type: string, columns: readonly string[], rows: readonly (readonly Value[])[]): Output {
  return { kind: "table", type, columns, rows };
}

/** The structures of an answer, for every formatter but plain text; undefined when the answer has none. */
export function structuresOf(output: Output): readonly (readonly Field[])[] | undefined {
  switch (output.kind) {
    case "structure":
      return [output.fields];
    case "blocks":
      return output.blocks.map(({ heading, headingIs, fields }) =>
        headingIs === undefined ? fields : [[headingIs, heading], ...fields],
      );
    case "table":
      return output.rows.map((row) => output.columns.map((column, index): Field => [column, row[index] ?? ""]));
    case "nothing":
    case "text":
    case "value":
      return undefined;
  }
}

import { type Item, itemOf, unreadable } from "./answer.ts";

/**
 * Blocks: a line without indentation, then its fields, indented, as "Key: value". Fields without a line above them are one thing. A
 * line that is deeper than the fields goes on with the value above it.
 */
export function readBlocks(text: string): Item[] {
  const blocks: { readonly title: string; readonly fields: [string, string][]; indent: number }[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === "") continue;
    const indent = line.length - line.trimStart().length;
    if (indent === 0) {
      blocks.push({ title: line.trim(), fields: [], indent: 0 });
      continue;
    }
    let block = blocks.at(-1);
    if (!block) blocks.push((block = { title: "", fields: [], indent }));
    if (block.fields.length === 0) block.indent = indent;
    const field = /^\s*([^:]+):(.*)$/.exec(line);
    const last = block.fields.at(-1);
    if (indent > block.indent && last) last[1] = `${last[1]}, ${line.trim()}`;
    else if (field && indent === block.indent) block.fields.push([field[1] ?? "", field[2] ?? ""]);
    else throw unreadable(text, `this line is no field: ${line.trim()}`);
  }
  if (blocks.every(({ fields }) => fields.length === 0)) throw unreadable(text, "there are no blocks");
  return blocks.map(({ title, fields }) => itemOf(title, fields));
}

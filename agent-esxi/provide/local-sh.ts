/** The text of /etc/rc.local.d/local.sh, which the host runs when it starts: a marked block of ours, and every other byte as it was. */
import { SalvoError } from "@salvo/shared/kernel/error.ts";

export const LOCAL_SH = "/etc/rc.local.d/local.sh";

const BEGIN = "# BEGIN salvo ";
const END = "# END salvo ";

/** By the name of who wrote it: the lines of its block. */
export function readBlocksOf(text: string): Map<string, string[]> {
  const blocks = new Map<string, string[]>();
  let open: { readonly name: string; readonly lines: string[] } | undefined;
  for (const line of text.split("\n")) {
    if (open && line === `${END}${open.name}`) {
      blocks.set(open.name, open.lines);
      open = undefined;
    } else if (open) open.lines.push(line);
    else if (line.startsWith(BEGIN)) open = { name: line.slice(BEGIN.length), lines: [] };
  }
  if (open) throw damaged(open.name);
  return blocks;
}

/** With that block, before the line `exit 0` that ends the script; without lines, without the block. */
export function withBlock(text: string, name: string, lines: readonly string[]): string {
  const rest = withoutBlock(text, name);
  if (lines.length === 0) return rest;
  const block = [`${BEGIN}${name}`, ...lines, `${END}${name}`, ""].join("\n");
  const exits = [...rest.matchAll(/^exit 0[ \t]*$/gm)];
  const at = exits.at(-1)?.index;
  if (at !== undefined) return rest.slice(0, at) + block + rest.slice(at);
  return rest === "" || rest.endsWith("\n") ? rest + block : `${rest}\n${block}`;
}

function withoutBlock(text: string, name: string): string {
  const begin = `${BEGIN}${name}\n`;
  const end = `${END}${name}\n`;
  const from = text.startsWith(begin) ? 0 : text.indexOf(`\n${begin}`) + 1;
  if (from === 0 && !text.startsWith(begin)) return text;
  const to = text.indexOf(end, from);
  if (to === -1) throw damaged(name);
  return text.slice(0, from) + text.slice(to + end.length);
}

function damaged(name: string): SalvoError {
  return new SalvoError("corrupt", `${LOCAL_SH} has a line "${BEGIN}${name}" and not the line that ends the block`, {
    remedy: "Repair the file by hand: remove the block, or write the line that ends it",
  });
}

/**
 * What can make a terminal do something, or show text in another order than it has: C0 without newline and tab, DEL, C1, and the
 * marks of writing direction (https://www.unicode.org/reports/tr9/, table of explicit directional formatting characters).
 */
// oxlint-disable-next-line no-control-regex -- control characters are what it is about
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * The text with every such character as an escape of JSON: `\u001b`. A line of JSON stays one, and means the same. Others may have
 * written parts of the text (host names, reasons, what fio said), so each way to a terminal, a log or a CSV goes through here.
 */
export function terminalText(text: string): string {
  return text.replace(UNSAFE, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The same for what must stay one line: a cell of a table, a line that is drawn over. */
export function terminalLine(text: string): string {
  return terminalText(text).replaceAll("\n", "\\n").replaceAll("\t", " ");
}

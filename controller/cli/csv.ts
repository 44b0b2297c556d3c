/** The only writer of CSV: RFC 4180, without an end of line. */
export function csvRow(cells: readonly (string | number | undefined)[]): string {
  return cells.map((cell) => (typeof cell === "string" ? textCell(cell) : String(cell ?? ""))).join(",");
}

/** A spreadsheet computes what begins so: https://owasp.org/www-community/attacks/CSV_Injection */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** Others may have written it. An apostrophe in front, which spreadsheets do not show, keeps a formula a text. */
function textCell(text: string): string {
  const harmless = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

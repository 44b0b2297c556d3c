/** Numbers as the command line and the report write them. */

export function figure(value: number | undefined, digits = 0): string {
  return value === undefined
    ? "-"
    : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** As JSON on one line; 64-bit numbers, which JSON cannot carry exactly, are texts. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? each.toString() : each));
}

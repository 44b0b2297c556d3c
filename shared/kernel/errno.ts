/** The code that the system gave an error, such as `ENOENT`; empty for what is not of the system. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

import { SalvoError } from "@salvo/shared/kernel/error.ts";

/** DuckDB gives no codes, only the system's words: strerror(3) of glibc. */
const WEATHER = [
  [/Too many open files/i, "out-of-resources", "Allow more open files, for example with: ulimit -n 4096"],
  [/Out of Memory|Cannot allocate memory/i, "out-of-resources", "Ask for fewer runs at once, or make memory free"],
  [/No space left on device/i, "out-of-resources", "Make room there"],
  [/Permission denied/i, "refused", "Let this user read the file"],
  [/Input\/output error|Stale file handle/i, "unavailable", "Check the disk or the network file system"],
] as const;

/** What DuckDB could not read of a file whose checksum is right: the archive is damaged only where the system does not object. */
export function whyUnread(cause: unknown, file: string): SalvoError {
  const said = cause instanceof Error ? cause.message : String(cause);
  const [, kind, remedy] = WEATHER.find(([words]) => words.test(said)) ?? [];
  const facts = { file, cause, ...(remedy !== undefined && { remedy }) };
  return new SalvoError(kind ?? "corrupt", `the measurements cannot be read: ${said}`, facts);
}

/** What bridge.ps1 printed, read at the door. */
import { SalvoError } from "@salvo/shared/kernel/error.ts";

export type Json = Readonly<Record<string, unknown>>;

export interface Printed {
  readonly script: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/**
 * The result of a script. Throws `program-failed` with the script, line and category that PowerShell named, and for everything
 * that is no answer: some programs of this name print nothing, and end with 0.
 */
export function answerOf({ script, stdout, stderr, exitCode }: Printed): Json {
  const text = stdout.replace(/^\u{feff}/u, "").trim();
  const answer = parsed(text);
  const { error, result } = answer ?? {};
  if (isObject(error)) throw new SalvoError("program-failed", failureText(script, error));
  if (exitCode === 0 && isObject(result)) return result;
  const said = stderr.trim() || text;
  const what = text === "" ? "printed nothing" : "printed something that is no answer";
  throw new SalvoError(
    "program-failed",
    `PowerShell ${what} for ${script}.ps1, and ended with ${exitCode}${quoted(said)}`,
    {
      remedy: "Check that powershell.exe is Windows PowerShell 5.1, and that no policy keeps it from running scripts",
    },
  );
}

function failureText(script: string, error: Json): string {
  const word = (key: string) =>
    typeof error[key] === "string" || typeof error[key] === "number" ? `${error[key]}` : "";
  const place = `${word("script") || `${script}.ps1`}${word("line") && `:${word("line")}`}`;
  const category = word("category") && ` (${word("category")})`;
  return `PowerShell failed at ${place}: ${word("message") || "it gave no reason"}${category}`;
}

const SAID_CHARS_MAX = 300;

function quoted(said: string): string {
  return said === "" ? "" : `: ${said.slice(0, SAID_CHARS_MAX)}`;
}

function parsed(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

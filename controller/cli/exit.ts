import type { ErrorKind } from "@salvo/shared/kernel/error.ts";

/** Every way a command can end. docs/cli.md is checked against this table. */
export const EXIT = {
  ok: { code: 0, means: "everything that was asked for was done; every run is complete" },
  bug: { code: 1, means: "a bug in Salvo; the message says where" },
  input: { code: 2, means: "a file, flag or name is wrong; nothing was started" },
  degraded: { code: 3, means: "a run is degraded or incomplete: there is a result, but less than planned" },
  invalid: { code: 4, means: "a run is invalid: it did not measure what was asked for" },
  aborted: { code: 5, means: "a run was aborted" },
  environment: { code: 6, means: "something that is needed is missing, unreachable, full or refused" },
  interrupted: { code: 130, means: "ended by Ctrl-C or SIGTERM" },
} as const;

export type Exit = keyof typeof EXIT;

const OF_ERROR: Readonly<Record<ErrorKind, Exit>> = {
  "invalid-input": "input",
  "not-found": "environment",
  "wrong-state": "environment",
  refused: "environment",
  unavailable: "environment",
  timeout: "environment",
  cancelled: "interrupted",
  "out-of-resources": "environment",
  "program-failed": "environment",
  corrupt: "environment",
  internal: "bug",
};

const OF_VERDICT: Readonly<Record<string, Exit>> = {
  complete: "ok",
  degraded: "degraded",
  incomplete: "degraded",
  aborted: "aborted",
  invalid: "invalid",
};

export function exitOfError(kind: ErrorKind): number {
  return EXIT[OF_ERROR[kind]].code;
}

/** The worst of all runs. */
export function exitOfVerdicts(verdicts: readonly string[]): number {
  return Math.max(EXIT.ok.code, ...verdicts.map((verdict) => EXIT[OF_VERDICT[verdict] ?? "bug"].code));
}

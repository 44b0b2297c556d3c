import { type ErrorKind, toSalvoError } from "./error.ts";

/** Every way a program of Salvo can end; agents know only some of them. docs/results.md is checked against this table. */
export const EXIT = {
  ok: { code: 0, means: "everything that was asked for was done; every run is complete" },
  bug: { code: 1, means: "a bug in Salvo; the message says where" },
  input: { code: 2, means: "a file, flag or name is wrong or missing; nothing was started" },
  degraded: { code: 3, means: "a run is degraded or incomplete: there is a result, but less than planned" },
  invalid: { code: 4, means: "a run is invalid: it did not measure what was asked for" },
  aborted: { code: 5, means: "a run was aborted" },
  environment: { code: 6, means: "something that is needed is missing, unreachable, full or refused" },
  loss: { code: 7, means: "a figure is worse by more than --max-loss allows" },
  "cannot-tell": {
    code: 8,
    means: "whether a loss is allowed or a threshold is met cannot be told: too few repeats, or no figure",
  },
  threshold: { code: 9, means: "a threshold of the study is not met" },
  interrupted: { code: 130, means: "ended by Ctrl-C, SIGTERM or SIGHUP, or because its reader left" },
} as const;

export type Exit = keyof typeof EXIT;

/**
 * Which of several ends a command tells. An invalid run is worse than an aborted one: doing it again helps the second,
 * while the first will be as wrong again.
 */
export const WORST_FIRST: readonly Exit[] = [
  "interrupted",
  "bug",
  "input",
  "environment",
  "invalid",
  "aborted",
  "degraded",
  "loss",
  "threshold",
  "cannot-tell",
  "ok",
];

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

export function exitOfError(kind: ErrorKind): number {
  return EXIT[OF_ERROR[kind]].code;
}

/** `ok` of none. */
export function worstExit(ends: readonly Exit[]): number {
  return EXIT[WORST_FIRST.find((each) => ends.includes(each)) ?? "ok"].code;
}

/** As worstExit, of exit codes; those that are not in the table (a guest's own) count before all others. */
export function worstCode(codes: readonly number[]): number {
  const known: readonly number[] = WORST_FIRST.map((end) => EXIT[end].code);
  return codes.find((code) => !known.includes(code)) ?? known.find((code) => codes.includes(code)) ?? EXIT.ok.code;
}

/** How a program ends by what its main caught: what it says, and its exit code. Only bugs show where they are. */
export function failureOf(program: string, caught: unknown): { readonly text: string; readonly code: number } {
  const known = toSalvoError(caught);
  const said = known.kind === "internal" ? (known.stack ?? known.message) : known.describe();
  return { text: `${program}: ${said}\n`, code: exitOfError(known.kind) };
}

import type { Exit } from "@salvo/shared/kernel/exit.ts";

interface Meaning {
  /** As docs/results.md explains it. */
  readonly means: string;
  /** How a command ends for a run with this verdict. */
  readonly exit: Exit;
}

/** Every verdict that a run can have, the best first. Summaries, archives and `--json` hold these names. */
export const VERDICTS = {
  complete: { means: "Everything planned was measured and is here", exit: "ok" },
  degraded: { means: "A result, but less than planned: an agent lost, a stall, a bound exceeded", exit: "degraded" },
  incomplete: { means: "Something was measured and is missing here", exit: "degraded" },
  invalid: { means: "Ran, but did not measure what was asked for: fio failed, or no I/O", exit: "invalid" },
  aborted: { means: "Ended before its planned end", exit: "aborted" },
} as const satisfies Readonly<Record<string, Meaning>>;

export type Verdict = keyof typeof VERDICTS;

/** What an archive says may come from another version, or from anybody. */
export function isVerdict(text: string): text is Verdict {
  return Object.hasOwn(VERDICTS, text);
}

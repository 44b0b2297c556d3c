/** Which runs `salvo runs` lists. Pure. */
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { matchesGlob } from "./glob.ts";

export interface RunFilter {
  /** With * and ?, as the two after it. */
  readonly study?: string;
  readonly scenario?: string;
  readonly workload?: string;
  /** All of them must be the run's. */
  readonly tag?: readonly string[];
  /** A day or an instant in UTC, or how long ago: `2026-11-01`, `36h`, `7d`. */
  readonly since?: string;
  readonly verdict?: string;
}

export interface FilteredRun {
  readonly run: string;
  readonly study: string;
  readonly scenario: string;
  readonly workload: string;
  readonly verdict: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Throws invalid-input for a time or a tag that is none. */
export function runFilter(filter: RunFilter, now: Date): (run: FilteredRun) => boolean {
  const tags = (filter.tag ?? []).map(parseTag);
  const sinceMs = filter.since === undefined ? -Infinity : sinceOf(filter.since, now);
  const verdicts = filter.verdict?.split(",");
  return ({ run, study, scenario, workload, verdict, tags: own }) =>
    matches(filter.study, study) &&
    matches(filter.scenario, scenario) &&
    matches(filter.workload, workload) &&
    (verdicts?.includes(verdict) ?? true) &&
    tags.every(([key, value]) => own[key] === value) &&
    beganMs(run) >= sinceMs;
}

/** `key=value`. The value may have any signs; the key is a name. */
export function parseTag(text: string): [key: string, value: string] {
  const [, key, value] = /^([A-Za-z][\w.-]{0,62})=(.{1,200})$/u.exec(text) ?? [];
  if (key === undefined || value === undefined)
    throw new SalvoError("invalid-input", `${JSON.stringify(text)} is no tag`, {
      remedy: "Write KEY=VALUE, as in firmware=1.2; a key has letters, digits, dots, hyphens and underscores",
    });
  return [key, value];
}

function matches(pattern: string | undefined, name: string): boolean {
  return pattern === undefined || matchesGlob(pattern, name);
}

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

function sinceOf(text: string, now: Date): number {
  const [, count, unit = ""] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count !== undefined) return now.getTime() - Number(count) * (UNITS_MS[unit] ?? 0);
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new SalvoError("invalid-input", `--since ${JSON.stringify(text)} is no time`, {
    remedy: "Write a day in UTC such as 2026-11-01, or how long ago: 90m, 36h, 7d",
  });
}

/** When its command began, as the id says it: to the minute. */
function beganMs(run: string): number {
  const [, y = "", mo = "", d = "", h = "", mi = ""] = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)/.exec(run) ?? [];
  return Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi));
}

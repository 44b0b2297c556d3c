/** Which runs a word on the command line means. Pure: that a word is a folder is found out before. */
import { matchesGlob } from "./glob.ts";

export interface NamedRun {
  readonly run: string;
  readonly study: string;
  readonly scenario: string;
  readonly tags: Readonly<Record<string, string>>;
  /** T0 on the controller's wall clock; 0 of a run that was never fired. */
  readonly t0WallNs: bigint;
}

export type RunSelection = (run: NamedRun) => boolean;

/**
 * A run's id or how it begins; the name of a study, or of a scenario, or STUDY/SCENARIO, each with * and ?; or a time,
 * `2026-11-01..2026-11-15`, of which either end may be left out; or a tag, `firmware=1.2`. Several, with commas between, mean all of them together.
 */
export function runSelection(text: string): RunSelection {
  const choices = text
    .split(",")
    .filter((word) => word !== "")
    .map(wordSelection);
  return (run) => choices.some((choice) => choice(run));
}

function wordSelection(word: string): RunSelection {
  const time = timeSelection(word);
  if (time) return time;
  const [, key, value = ""] = /^([A-Za-z][\w.-]*)=(.+)$/u.exec(word) ?? [];
  if (key !== undefined) return ({ tags }) => matchesGlob(value, tags[key] ?? "");
  return ({ run, study, scenario }) =>
    run.startsWith(word) || [run, study, scenario, `${study}/${scenario}`].some((name) => matchesGlob(word, name));
}

/** Days and times are UTC, as in reports; the end is the first instant that is not meant any more. */
function timeSelection(word: string): RunSelection | undefined {
  const [, from = "", to = ""] = /^(\d{4}-[\dT:.Z-]*)?\.\.(\d{4}-[\dT:.Z-]*)?$/.exec(word) ?? [];
  const [begin, end] = [from, to].map((each) => (each === "" ? undefined : Date.parse(each)));
  if ((from === "" && to === "") || Number.isNaN(begin) || Number.isNaN(end)) return undefined;
  return ({ t0WallNs }) => {
    const atMs = Number(t0WallNs / 1_000_000n);
    return atMs > 0 && atMs >= (begin ?? -Infinity) && atMs < (end ?? Infinity);
  };
}

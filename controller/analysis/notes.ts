import type { RunSpec } from "@salvo/proto/run_pb.ts";
import { isObserver } from "../domain/observer.ts";
import { cpuWarnings } from "./cpu-limits.ts";
import type { Measured } from "./measured.ts";
import type { AgentOutline } from "./outline.ts";

interface Noted {
  readonly spec: RunSpec;
  readonly outlines: readonly AgentOutline[];
  readonly lost: readonly string[];
  readonly measured: Measured | undefined;
}

/** Above this the load generator itself may be what was measured. */
const BUSY_SHARE_MAX = 0.9;

/** Shorter than this, a workload may just be slow. */
const STANDSTILL_MS_MIN = 2000;

/** Sentences that a reader of the figures should know, and that are no matter of the verdict. */
export function notesOn({ spec, outlines, lost, measured }: Noted): string[] {
  const generators = new Set(spec.agents.filter((agent) => !isObserver(agent)).map(({ id }) => id));
  const busy = [...(measured?.busyShares() ?? [])].filter(
    ([agent, share]) => generators.has(agent) && share > BUSY_SHARE_MAX,
  );
  return [
    ...spec.notes,
    ...outlines
      .filter(({ agent }) => generators.has(agent) && lost.includes(agent))
      .map(
        ({ agent, lastTick }) =>
          `${agent} was lost after tick ${lastTick}; what it did until then is in its participants' figures, in no total`,
      ),
    ...busy.map(
      ([agent, share]) =>
        `${agent} was ${Math.round(share * 100)} % busy on all its cores: the load generator may be the bottleneck`,
    ),
    ...cpuWarnings({ spec, outlines, cores: measured?.coreTimes() ?? new Map() }),
    ...[...(measured?.lateTicks() ?? [])].map(
      ([id, ticks]) =>
        `fio of ${id} was late to answer ${ticks === 1 ? "1 tick" : `${ticks} ticks`}: I/Os of those stand in the sample after them`,
    ),
    ...outlines.flatMap(({ standstills }) =>
      [...standstills].flatMap(([id, { ticks, lastTick }]) =>
        ticks * spec.intervalMs >= STANDSTILL_MS_MIN
          ? [`${id} did no I/O at all in the ${ticks} intervals up to tick ${lastTick}: its storage did not answer`]
          : [],
      ),
    ),
    ...outlines.flatMap(({ starts }) =>
      [...starts.values()].flatMap(({ participant, wallClockSet }) =>
        wallClockSet
          ? [`the wall clock of ${participant}'s host was set in mid-run: the start is proven without it`]
          : [],
      ),
    ),
    ...(measured?.clamped() ?? []).map((id) => `${id} had latencies of more than 17 s, which fio does not tell apart`),
    ...outlines.flatMap(({ paths }) => paths.map(({ participant, text }) => `${participant}: ${text}`)),
    ...outlines.flatMap(({ agent, warnings }) => warnings.map((warning) => `${agent}: ${warning}`)),
  ];
}

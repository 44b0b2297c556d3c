import { create } from "@bufbuild/protobuf";
import { SampleCountsSchema, type RunSpec, type SampleCounts } from "@salvo/proto/run_pb.ts";
import type { Record } from "@salvo/proto/telemetry_pb.ts";
import type { StreamEntry } from "./completeness.ts";
import { plannedSpan } from "./window.ts";

/** Counts the samples of all agents against what their ticks must have given. */
export interface SampleCount {
  add(agent: string, source: StreamEntry["source"], record: Record): void;
  /** Of an agent that finished all planned ticks are expected, of another those up to the last that each series has. */
  result(finished: (agent: string) => boolean): SampleCounts;
}

/**
 * Every tick gives one fio sample per participant and one CPU sample per agent, and one disk sample per participant whose
 * device has a block device beneath it, which is known by there being any.
 */
export function createSampleCount(spec: RunSpec): SampleCount {
  const lastTick = plannedSpan(spec).last;
  const counts = { received: 0, backfilled: 0 };
  const series = new Map<string, { readonly agent: string; readonly seen: Uint8Array }>();
  const seriesOf = (agent: string, name: string) => {
    const key = `${agent} ${name}`;
    const known = series.get(key);
    if (known) return known;
    const made = { agent, seen: new Uint8Array(lastTick + 1) };
    made.seen[0] = 1; // T0 itself: no sample is taken, and so the highest tick of an empty series is 0.
    series.set(key, made);
    return made;
  };
  for (const { id } of spec.agents) seriesOf(id, "cpu");
  for (const { id, agent } of spec.participants) seriesOf(agent, `fio ${id}`);

  return {
    add(agent, source, { body }) {
      if (body.case !== "fio" && body.case !== "cpu" && body.case !== "disk") return;
      const { tick } = body.value;
      if (tick < 1 || tick > lastTick) return;
      const { seen } = seriesOf(agent, body.case === "cpu" ? "cpu" : `${body.case} ${body.value.participant}`);
      if (seen[tick]) return;
      seen[tick] = 1;
      counts[source]++;
    },
    result(finished) {
      let expected = 0;
      for (const { agent, seen } of series.values()) expected += finished(agent) ? lastTick : seen.lastIndexOf(1);
      return create(SampleCountsSchema, {
        expected,
        ...counts,
        missing: expected - counts.received - counts.backfilled,
      });
    },
  };
}

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
  /** How many of that agent's are missing. */
  missingOf(agent: string, finished: (agent: string) => boolean): number;
}

interface Series {
  readonly agent: string;
  /** By tick: 1 when its sample is here. */
  readonly seen: Uint8Array;
}

/**
 * Every tick gives one fio sample per participant and one CPU sample per agent, one sample of the network interfaces of an agent
 * that sends any, and one disk sample per participant whose device has a block device beneath it, which is known by there being any.
 * Which disks an observer's host has may change in mid-run: all that come are counted, and none is expected.
 */
export function createSampleCount(spec: RunSpec): SampleCount {
  const lastTick = plannedSpan(spec).last;
  const counts = { received: 0, backfilled: 0 };
  // By participant, or agent: a look-up for every sample of a run, so without a key to put together.
  const series = {
    fio: new Map<string, Series>(),
    cpu: new Map<string, Series>(),
    disk: new Map<string, Series>(),
    net: new Map<string, Series>(),
  };
  const observed = { received: 0, backfilled: 0 };
  for (const { id } of spec.agents) series.cpu.set(id, createSeries(id));
  for (const { id, agent } of spec.participants) series.fio.set(id, createSeries(agent));

  function createSeries(agent: string): Series {
    const seen = new Uint8Array(lastTick + 1);
    seen[0] = 1; // T0 itself: no sample is taken, and so the highest tick of an empty series is 0.
    return { agent, seen };
  }

  function* expectedAndSeen(
    finished: (agent: string) => boolean,
  ): Generator<[agent: string, expected: number, seen: number]> {
    for (const kind of Object.values(series))
      for (const { agent, seen } of kind.values()) {
        const ticks = seen.reduce((sum, here) => sum + here, 0) - 1; // without T0
        yield [agent, finished(agent) ? lastTick : seen.lastIndexOf(1), ticks];
      }
  }

  return {
    add(agent, source, { body }) {
      if (body.case !== "fio" && body.case !== "cpu" && body.case !== "disk" && body.case !== "net") return;
      const { tick } = body.value;
      if (tick < 1 || tick > lastTick) return;
      if (body.case === "disk" && body.value.participant === "") {
        observed[source]++;
        return;
      }
      const name = "participant" in body.value ? body.value.participant : agent;
      let one = series[body.case].get(name);
      if (!one) series[body.case].set(name, (one = createSeries(agent)));
      if (one.seen[tick]) return;
      one.seen[tick] = 1;
      counts[source]++;
    },
    result(finished) {
      let expected = 0;
      for (const [, ofSeries] of expectedAndSeen(finished)) expected += ofSeries;
      return create(SampleCountsSchema, {
        expected: expected + observed.received + observed.backfilled,
        received: counts.received + observed.received,
        backfilled: counts.backfilled + observed.backfilled,
        missing: expected - counts.received - counts.backfilled,
      });
    },
    missingOf(agent, finished) {
      let missing = 0;
      for (const [whose, expected, seen] of expectedAndSeen(finished)) if (whose === agent) missing += expected - seen;
      return missing;
    },
  };
}

import { fromBinary } from "@bufbuild/protobuf";
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import { type FioSample, RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import { fioRuntimeMs, ticksOf } from "@salvo/shared/agent/domain/run-plan.ts";
import { addLatency, Histogram, percentileNs } from "@salvo/shared/fio/latency.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import { type Clock, msToNs, type Nanos } from "@salvo/shared/kernel/time.ts";
import type { Awaited } from "../domain/collecting.ts";
import type { Phase } from "../domain/phases.ts";

/** What a person wants to see of a run while it goes on. */
export interface LiveView {
  readonly run: string;
  readonly phase: Phase;
  /** The tick that the figures are of, 0 before the first. */
  readonly tick: number;
  readonly ticks: number;
  /** How many participants have reported that tick. */
  readonly reported: number;
  readonly iops: number;
  readonly mibPerSec: number;
  readonly p99Us: number | undefined;
  /** Until fio's planned end; undefined before T0 is known. */
  readonly leftMs: number | undefined;
  /** Agents whose records are waited for. */
  readonly awaited: readonly Awaited[];
}

export interface Live {
  phase(phase: Phase, t0Ns: Nanos | undefined): void;
  /** While records are collected. */
  awaited(agents: readonly Awaited[]): void;
  /** An encoded Record that was new. */
  record(payload: Uint8Array): void;
  view(): LiveView;
}

/** A participant that is so many ticks behind the others is not waited for: it may have been lost for good. */
const TICKS_BEHIND_MAX = 3;

interface Tick {
  readonly number: number;
  readonly histogram: Histogram;
  reported: number;
  ios: number;
  bytes: number;
}

export function createLive(spec: RunSpec, clock: Clock, onChange: (view: LiveView) => void): Live {
  const { workload } = spec;
  assert(workload, "a run has a workload");
  const ticks = ticksOf(workload, spec.intervalMs);
  const open = new Map<number, Tick>();
  let shown: Tick | undefined;
  let phase: Phase = "preflight";
  let endNs: Nanos | undefined;
  let awaited: readonly Awaited[] = [];

  function add(sample: FioSample): void {
    if (sample.tick <= (shown?.number ?? 0)) return; // shown without it
    const tick = tickOf(sample.tick);
    tick.reported++;
    for (const io of [sample.read, sample.write]) {
      if (!io) continue;
      tick.ios += io.ios;
      tick.bytes += Number(io.bytes);
      if (io.latency) addLatency(tick.histogram, io.latency);
    }
    const due = [...open.values()].filter(isDue).toSorted((one, other) => one.number - other.number);
    if (due.length === 0) return;
    shown = due.at(-1);
    for (const number of open.keys()) if (number <= (shown?.number ?? 0)) open.delete(number);
    onChange(view());
  }

  function tickOf(number: number): Tick {
    const known = open.get(number);
    if (known) return known;
    const begun = { number, histogram: new Histogram(), reported: 0, ios: 0, bytes: 0 };
    open.set(number, begun);
    return begun;
  }

  function isDue({ number, reported }: Tick): boolean {
    return reported >= spec.participants.length || Math.max(...open.keys()) - number >= TICKS_BEHIND_MAX;
  }

  function view(): LiveView {
    const perSecond = 1000 / spec.intervalMs;
    const p99 = shown && percentileNs(shown.histogram, 0.99);
    return {
      run: spec.run,
      phase,
      ticks,
      tick: shown?.number ?? 0,
      reported: shown?.reported ?? 0,
      iops: (shown?.ios ?? 0) * perSecond,
      mibPerSec: ((shown?.bytes ?? 0) * perSecond) / 2 ** 20,
      p99Us: p99 && p99.ns / 1000,
      awaited,
      leftMs: endNs === undefined ? undefined : Math.max(0, Number(endNs - clock.now()) / 1e6),
    };
  }

  return {
    phase(now, t0Ns) {
      phase = now;
      awaited = [];
      endNs = t0Ns === undefined ? undefined : t0Ns + msToNs(fioRuntimeMs(workload));
      onChange(view());
    },
    awaited(agents) {
      awaited = agents;
      onChange(view());
    },
    record(payload) {
      const { body } = fromBinary(RecordSchema, payload);
      if (body.case === "fio") add(body.value);
    },
    view,
  };
}

import type { RunSpec } from "@salvo/proto/run_pb.ts";
import type { FioSample, Record } from "@salvo/proto/telemetry_pb.ts";
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
  /** One that is new and sound, as the spool gives it. */
  record(record: Record): void;
  view(): LiveView;
}

/** A participant that is so many ticks behind the others is not waited for: it may have been lost for good. */
const TICKS_BEHIND_MAX = 3;
/** A sample of a tick that is further ahead of our clock than clocks differ is nothing to show. */
const TICKS_AHEAD_MAX = 2;

interface Tick {
  readonly number: number;
  readonly histogram: Histogram;
  readonly reported: Set<string>;
  ios: number;
  bytes: number;
}

export function createLive(spec: RunSpec, clock: Clock, onChange: (view: LiveView) => void): Live {
  const { workload } = spec;
  assert(workload, "a run has a workload");
  const ticks = ticksOf(workload, spec.intervalMs);
  const open = new Map<number, Tick>();
  let shown: Tick | undefined;
  let newest = 0;
  let t0Ns: Nanos | undefined;
  let phase: Phase = "preflight";
  let endNs: Nanos | undefined;
  let awaited: readonly Awaited[] = [];

  function add(sample: FioSample): void {
    if (sample.tick <= (shown?.number ?? 0)) return; // shown without it
    if (sample.tick > ticksByNow() + TICKS_AHEAD_MAX) return; // else it would keep the others from being shown
    const tick = tickOf(sample.tick);
    if (tick.reported.has(sample.participant)) return;
    tick.reported.add(sample.participant);
    for (const io of [sample.read, sample.write]) {
      if (!io) continue;
      tick.ios += io.ios;
      tick.bytes += Number(io.bytes);
      if (io.latency) addLatency(tick.histogram, io.latency);
    }
    newest = Math.max(newest, sample.tick);
    let due: Tick | undefined;
    for (const each of open.values()) {
      const isDue = each.reported.size >= spec.participants.length || newest - each.number >= TICKS_BEHIND_MAX;
      if (isDue && each.number > (due?.number ?? 0)) due = each;
    }
    if (!due) return;
    shown = due;
    for (const number of open.keys()) if (number <= due.number) open.delete(number);
    onChange(view());
  }

  function tickOf(number: number): Tick {
    const known = open.get(number);
    if (known) return known;
    const begun = { number, histogram: new Histogram(), reported: new Set<string>(), ios: 0, bytes: 0 };
    open.set(number, begun);
    return begun;
  }

  /** All of them while T0 is not known. */
  function ticksByNow(): number {
    return t0Ns === undefined ? ticks : Number((clock.now() - t0Ns) / msToNs(spec.intervalMs));
  }

  function view(): LiveView {
    const perSecond = 1000 / spec.intervalMs;
    const p99 = shown && percentileNs(shown.histogram, 0.99);
    return {
      run: spec.run,
      phase,
      ticks,
      tick: shown?.number ?? 0,
      reported: shown?.reported.size ?? 0,
      iops: (shown?.ios ?? 0) * perSecond,
      mibPerSec: ((shown?.bytes ?? 0) * perSecond) / 2 ** 20,
      p99Us: p99 && p99.ns / 1000,
      awaited,
      leftMs: endNs === undefined ? undefined : Math.max(0, Number(endNs - clock.now()) / 1e6),
    };
  }

  return {
    phase(now, runT0Ns) {
      phase = now;
      awaited = [];
      t0Ns = runT0Ns;
      endNs = t0Ns === undefined ? undefined : t0Ns + msToNs(fioRuntimeMs(workload));
      onChange(view());
    },
    awaited(agents) {
      awaited = agents;
      onChange(view());
    },
    record({ body }) {
      if (body.case === "fio") add(body.value);
    },
    view,
  };
}

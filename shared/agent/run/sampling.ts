import {
  coreTimes,
  type Cores,
  diskBeganAnew,
  type DiskCounters,
  diskChange,
  type NicCounters,
  nicChanges,
  volumeBeganAnew,
  type VolumeCounters,
  volumeChange,
} from "../domain/counters.ts";
import { compareReadings, type Reading, type Told } from "../domain/readings.ts";
import type { Waiting } from "../../kernel/signal.ts";
import type { Nanos } from "../../kernel/time.ts";
import type { SampledParticipant, Source } from "../sampler/sampler.ts";
import type { RunContext } from "./context.ts";

/** The counters of the host through one run. */
export interface Sampling extends Disposable {
  /** Just before T0: what the first sample is compared with. */
  begin(): void;
  sample(tick: number): void;
}

export interface SamplingOptions extends Waiting {
  readonly participants: readonly SampledParticipant[];
  /** The agent's clock less the clock that the sampler stamps by. */
  readonly offsetNs: Nanos;
}

type SamplingContext = Pick<RunContext, "plan" | "platform" | "clock" | "keep">;

export async function openSampling(
  { plan, platform, clock, keep }: SamplingContext,
  { participants, offsetNs, signal }: SamplingOptions,
): Promise<Sampling> {
  const { intervalMs } = plan;
  const open = await platform.sampler.open({ participants, intervalMs, clock }, { signal });
  const series: Series[] = [];

  function add<T>(
    source: Source<T> | undefined,
    told: (tick: number, told: Told<T>) => void,
    beganAnew?: (before: T, now: T) => boolean,
  ): void {
    if (!source) return;
    let last: Reading<T> | undefined;
    const latest = () => onOwnClock(source(), offsetNs);
    series.push({
      begin: () => (last = latest()),
      sample(tick) {
        const compared = compareReadings(last, latest(), { nowNs: clock.now(), intervalMs }, beganAnew);
        last = compared.last;
        told(tick, compared.told);
      },
    });
  }

  add(open.cores, (tick, told) => keep({ case: "cpu", value: { tick, ...timesOf(told), ...coresOf(told) } }));
  add(open.nics, (tick, told) => keep({ case: "net", value: { tick, ...timesOf(told), ...nicsOf(told) } }));
  for (const { participant, name, read } of open.disks) {
    const tell = (tick: number, told: Told<DiskCounters>) => {
      const value = { participant, disk: name, tick, ...timesOf(told), ...diskOf(told) };
      keep({ case: "disk", value });
    };
    add(read, tell, diskBeganAnew);
  }
  for (const { name, read } of open.volumes ?? []) {
    const tell = (tick: number, told: Told<VolumeCounters>) =>
      keep({ case: "disk", value: { disk: name, tick, ...timesOf(told), ...volumeOf(told) } });
    add(read, tell, volumeBeganAnew);
  }
  return {
    begin() {
      for (const each of series) each.begin();
    },
    sample(tick) {
      for (const each of series) each.sample(tick);
    },
    [Symbol.dispose]: () => open[Symbol.dispose](),
  };
}

/** One source from T0 on. */
interface Series {
  begin(): void;
  sample(tick: number): void;
}

function onOwnClock<T>(reading: Reading<T> | undefined, offsetNs: Nanos): Reading<T> | undefined {
  return reading && { atNs: reading.atNs + offsetNs, value: reading.value };
}

function timesOf({ takenAtNs, sinceNs, gap }: Told<unknown>) {
  return { takenAtNs, sinceNs, gap };
}

function coresOf(told: Told<Cores>) {
  return told.gap ? {} : { cores: coreTimes(told.before, told.now) };
}

function nicsOf(told: Told<readonly NicCounters[]>) {
  return told.gap ? {} : { nics: nicChanges(told.before, told.now) };
}

function diskOf(told: Told<DiskCounters>) {
  return told.gap ? {} : diskChange(told.before, told.now);
}

function volumeOf(told: Told<VolumeCounters>) {
  return told.gap ? {} : volumeChange(told.before, told.now);
}

import {
  type CoreTime,
  type DiskSample,
  EventKindSchema,
  type FioFinal,
  type HostClock,
  type Io,
  type NicCounts,
  OutcomeSchema,
  type Record,
  type StartProof,
} from "@salvo/proto/telemetry_pb.ts";
import { addLatency, Histogram, percentileNs } from "@salvo/shared/fio/latency.ts";
import { unreachable } from "@salvo/shared/kernel/assert.ts";
import { busyShare, busyTime } from "../domain/busy.ts";
import { enumName } from "../store/enum-name.ts";
import { VOLUME_PREFIX } from "../store/parquet.ts";

/** A record and what its subject says of it. */
export interface TailRecord {
  readonly run: string;
  readonly agent: string;
  /** The instant to show, ns since 1970: the record's own, see tail-times.ts. */
  readonly wallNs: bigint;
  readonly record: Record;
}

/** One direction's I/O within one interval. A percentile is absent when the interval has too few I/Os for it. */
export interface IoFigures {
  readonly ios: number;
  readonly bytes: number;
  readonly p50Us?: number;
  readonly p99Us?: number;
}

export interface NicFigures {
  readonly name: string;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly receivedPackets: number;
  readonly sentPackets: number;
  readonly drops: number;
  readonly errors: number;
}

export interface CoreFigures {
  readonly busyPercent: number;
  readonly userMs: number;
  readonly systemMs: number;
  readonly irqMs: number;
  readonly softirqMs: number;
  readonly stealMs: number;
}

/** What a person reads of a record: its own fields, with names instead of numbers and percentiles instead of bins. */
export type Figures =
  | {
      readonly kind: "fio";
      readonly participant: string;
      readonly tick: number;
      readonly runtimeMs: number;
      readonly stalled: boolean;
      readonly read: IoFigures;
      readonly write: IoFigures;
    }
  | {
      readonly kind: "cpu";
      readonly tick: number;
      readonly gap: boolean;
      readonly busyPercent: number;
      readonly cores: readonly CoreFigures[];
    }
  | { readonly kind: "net"; readonly tick: number; readonly gap: boolean; readonly nics: readonly NicFigures[] }
  | {
      readonly kind: "disk";
      readonly participant: string;
      readonly disk: string;
      readonly tick: number;
      readonly gap: boolean;
      readonly read: IoFigures;
      readonly write: IoFigures;
      readonly inFlight: number;
      readonly busyMs: number;
      readonly queueMs: number;
      /** Of a target's volume, in the place of all of these but bytes. */
      readonly commands: number;
    }
  | ({ readonly kind: "host-clock" } & Pick<HostClock, "offsetNs" | "boundNs">)
  | { readonly kind: "event"; readonly event: string; readonly participant: string; readonly text: string }
  | ({ readonly kind: "start" } & Pick<StartProof, "participant" | "releasedAtNs" | "earliestNs" | "latestNs">)
  /** Without fio's own document, which is far too long for a line. */
  | ({ readonly kind: "final" } & Pick<FioFinal, "participant" | "exitCode">)
  | { readonly kind: "end"; readonly outcome: string; readonly reason: string };

/** Undefined for a record of a kind that this version does not know. */
export function figuresOf({ body }: Record): Figures | undefined {
  switch (body.case) {
    case "fio": {
      const { participant, tick, runtimeMs, stalled, read, write } = body.value;
      return { kind: "fio", participant, tick, runtimeMs, stalled, read: ioFigures(read), write: ioFigures(write) };
    }
    case "cpu": {
      const { tick, gap, cores } = body.value;
      return { kind: "cpu", tick, gap, busyPercent: busyPercent(cores), cores: cores.map(coreFigures) };
    }
    case "disk":
      return diskFigures(body.value);
    case "net": {
      const { tick, gap, nics } = body.value;
      return { kind: "net", tick, gap, nics: nics.map(nicFigures) };
    }
    case "hostClock":
      return { kind: "host-clock", offsetNs: body.value.offsetNs, boundNs: body.value.boundNs };
    case "event": {
      const { kind, participant, text } = body.value;
      return { kind: "event", event: enumName(EventKindSchema, kind), participant, text };
    }
    case "start": {
      const { participant, releasedAtNs, earliestNs, latestNs } = body.value;
      return { kind: "start", participant, releasedAtNs, earliestNs, latestNs };
    }
    case "final":
      return { kind: "final", participant: body.value.participant, exitCode: body.value.exitCode };
    case "end":
      return {
        kind: "end",
        outcome: enumName(OutcomeSchema, body.value.outcome),
        reason: body.value.reason,
      };
    case "cpuLimit": // Figures of a whole run: they are in its archive.
    case undefined:
    default:
      return undefined;
  }
}

/** Whether it is a volume that a target exports, of which commands and bytes are all that is counted. */
export function isVolume({ disk }: Figures & { readonly kind: "disk" }): boolean {
  return disk.startsWith(VOLUME_PREFIX);
}

/** In words, for formats that have one column for all kinds. */
export function textOf(figures: Figures): string {
  switch (figures.kind) {
    case "fio":
      return figures.stalled ? "stalled" : "";
    case "cpu":
    case "disk":
    case "net":
      return figures.gap ? "gap" : "";
    case "host-clock":
      return `the host's clock is ${figures.offsetNs} ns ahead, known to ${figures.boundNs} ns`;
    case "event":
      return figures.text === "" ? figures.event : `${figures.event}: ${figures.text}`;
    case "start":
      return `first I/O between ${figures.earliestNs} and ${figures.latestNs} ns, released at ${figures.releasedAtNs} ns`;
    case "final":
      return `fio ended with exit code ${figures.exitCode}`;
    case "end":
      return figures.reason === "" ? figures.outcome : `${figures.outcome}: ${figures.reason}`;
    default:
      return unreachable(figures);
  }
}

function diskFigures(sample: DiskSample): Figures & { readonly kind: "disk" } {
  const { participant, disk, tick, gap, inFlight, busyMs, queueMs, commands } = sample;
  const read = { ios: sample.reads, bytes: Number(sample.readBytes) };
  const write = { ios: sample.writes, bytes: Number(sample.writtenBytes) };
  return {
    kind: "disk",
    participant,
    disk,
    tick,
    gap,
    read,
    write,
    inFlight,
    busyMs,
    queueMs: Number(queueMs),
    commands,
  };
}

function nicFigures(nic: NicCounts): NicFigures {
  return {
    name: nic.name,
    receivedBytes: Number(nic.receivedBytes),
    sentBytes: Number(nic.sentBytes),
    receivedPackets: Number(nic.receivedPackets),
    sentPackets: Number(nic.sentPackets),
    drops: Number(nic.drops),
    errors: Number(nic.errors),
  };
}

function ioFigures(io: Io | undefined): IoFigures {
  if (!io) return { ios: 0, bytes: 0 };
  const figures = { ios: io.ios, bytes: Number(io.bytes) };
  if (!io.latency) return figures;
  const histogram = new Histogram();
  addLatency(histogram, io.latency);
  const p50 = percentileNs(histogram, 0.5);
  const p99 = percentileNs(histogram, 0.99);
  return { ...figures, ...(p50 && { p50Us: p50.ns / 1000 }), ...(p99 && { p99Us: p99.ns / 1000 }) };
}

function coreFigures(core: CoreTime): CoreFigures {
  const { userMs, systemMs, irqMs, softirqMs, stealMs } = core;
  return { busyPercent: busyPercent([core]), userMs, systemMs, irqMs, softirqMs, stealMs };
}

/** To a tenth. */
function busyPercent(cores: readonly CoreTime[]): number {
  return Math.round(1000 * busyShare(busyTime(cores))) / 10;
}

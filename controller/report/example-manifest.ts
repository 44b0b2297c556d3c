import { create } from "@bufbuild/protobuf";
import { ObserverLoss, OnLoss, Role } from "@salvo/proto/lab_pb.ts";
import { type Manifest, ManifestSchema } from "@salvo/proto/run_pb.ts";
import { Engine, Pattern } from "@salvo/proto/workload_pb.ts";

export interface ExampleShape {
  readonly run?: string;
  readonly study?: string;
  readonly scenario?: string;
  readonly workload?: string;
  readonly repeat?: number;
  readonly agents?: number;
  readonly ticks?: number;
  readonly cores?: number;
  readonly blockBytes?: number;
  readonly readShare?: number;
  /** Of each participant. */
  readonly iops?: number;
  readonly medianUs?: number;
  /** Every agent on a host of its own. */
  readonly apart?: boolean;
  /** A tick at which the first participant does nothing, and one at which the second does not answer. */
  readonly idleTick?: number;
  readonly stalledTick?: number;
  /** One more agent, on a host of its own: it has no participant. */
  readonly observed?: boolean;
}

export const OBSERVER = "target";

export const T0_WALL_NS = 1_780_000_000_000_000_000n;
export const RAMP_TICKS = 2;

/** All about the run but its totals. */
export function manifestOf(shape: ExampleShape, guests: readonly string[], last: number): Manifest {
  const { observed = false } = shape;
  const ids = [...guests, ...(observed ? [OBSERVER] : [])];
  const {
    run = "r-20260528-0001",
    study = "iser-or-tcp",
    scenario = "iscsi-tcp-1lun",
    workload = "randrw-4k",
    repeat = 1,
  } = shape;
  const { blockBytes = 4096, readShare = 0.7, cores = 2, apart = false } = shape;
  const startNs = T0_WALL_NS + BigInt(RAMP_TICKS) * 1_000_000_000n;
  const endNs = T0_WALL_NS + BigInt(last) * 1_000_000_000n;
  const participants = guests.map((agent) => ({ id: `${agent}.disk`, agent, device: "disk" }));
  const clock = (atNs: bigint) =>
    ids.map((agent, index) => ({
      agent,
      atNs,
      offsetNs: 5_000_000_000n + atNs / 400_000n,
      boundNs: 38_000n + BigInt(index) * 7000n,
      pings: 64,
    }));
  return create(ManifestSchema, {
    format: 1,
    salvoVersion: "0.1.0",
    t0WallNs: T0_WALL_NS,
    t0Ns: 77_000_000_000n,
    spec: {
      run,
      lab: "bench-rack-2",
      study,
      scenario,
      repeat,
      intervalMs: 1000,
      workload: {
        name: workload,
        pattern: Pattern.RANDRW,
        blockSizeBytes: BigInt(blockBytes),
        jobs: 4,
        queueDepth: 16,
        readPercent: Math.round(readShare * 100),
        rampMs: RAMP_TICKS * 1000,
        durationMs: (last - RAMP_TICKS) * 1000,
        direct: true,
        engine: Engine.LIBAIO,
      },
      agents: ids.map((id, index) => ({
        id,
        address: `10.0.0.${index + 11}:7400`,
        onLoss: OnLoss.ABORT,
        ...(id === OBSERVER && { observer: ObserverLoss.DEGRADE }),
      })),
      participants,
    },
    summary: {
      run,
      study,
      scenario,
      workload,
      repeat,
      verdict: "complete",
      reason: "everything planned was measured",
      participants: guests.length,
      startSpreadMs: { p50: 0.31, p95: 0.74, max: 0.82 },
      startBoundUs: 150,
      clockBoundUs: 59,
      window: { startNs, endNs, firstTick: RAMP_TICKS, lastTick: last },
      samples: { expected: last * ids.length * 3, received: last * ids.length * 3 - 2, backfilled: 2, missing: 0 },
    },
    agents: ids.map((id, index) => ({
      id,
      version: "0.1.0",
      roles: id === OBSERVER ? [Role.TARGET] : [Role.WORKLOAD],
      bootId: apart || id === OBSERVER ? `boot-${id}` : "boot-1",
      host: {
        name: id === OBSERVER ? "san1" : apart ? `guest${index + 1}` : "hv1",
        os: "Debian GNU/Linux 12",
        kernel: "6.1.0-28-amd64",
        cpu: "AMD EPYC 9354P",
        cores,
        memoryBytes: 64n * 1024n ** 3n,
        virtualization: apart ? "kvm" : "",
        nodeVersion: "24.11.0",
      },
      fio: { path: "/usr/bin/fio", version: "fio-3.33", problem: "" },
    })),
    clockBefore: clock(76_000_000_000n),
    clockAfter: clock(100_000_000_000n),
    hostClocks: observed
      ? [
          {
            agent: OBSERVER,
            before: { atNs: 71_000_000_000n, offsetNs: 4_000n, boundNs: 210_000n, pings: 64, rttNs: 420_000n },
            after: { atNs: 95_000_000_000n, offsetNs: 30_000n, boundNs: 190_000n, pings: 64, rttNs: 380_000n },
          },
        ]
      : [],
    streams: ids.map((agent, index) => ({
      agent,
      firstSeq: 1,
      lastSeq: last * 3 + 6,
      count: last * 3 + 6,
      missing: 0,
      received: last * 3 + (index === 2 ? 4 : 6),
      backfilled: index === 2 ? 2 : 0,
      sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    })),
    participants: participants.map(({ id }, index) => ({
      id,
      started: true,
      firstIoEarliestNs: BigInt(180_000 + index * 210_000),
      firstIoLatestNs: BigInt(420_000 + index * 230_000),
    })),
  });
}

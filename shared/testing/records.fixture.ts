/** Runs that never happened: records as agents would write them, repeatable, of any size. For tests and benchmarks. */
import { create, toBinary } from "@bufbuild/protobuf";
import { AgentDescriptionSchema, type AgentDescription } from "@salvo/proto/agent_pb.ts";
import { type ObserverLoss, OnLoss, Role } from "@salvo/proto/lab_pb.ts";
import { ClockEstimateSchema, RunSpecSchema, type ClockEstimate, type RunSpec } from "@salvo/proto/run_pb.ts";
import { EventKind, Outcome, RecordSchema, type Record } from "@salvo/proto/telemetry_pb.ts";
import { Engine, Pattern } from "@salvo/proto/workload_pb.ts";

export interface SyntheticShape {
  readonly run?: string;
  readonly agents?: number;
  readonly participantsPerAgent?: number;
  readonly intervalMs?: number;
  readonly rampTicks?: number;
  /** Ticks after the ramp. */
  readonly ticks?: number;
  /** Bins with counts in every latency histogram. */
  readonly binsPerSample?: number;
  readonly cores?: number;
  readonly disks?: boolean;
  /** Samples of every agent's network interface. */
  readonly nets?: boolean;
  /** One more agent, `target`: it has no participants, two disks of its own, and samples of its network interface. */
  readonly observer?: ObserverLoss;
}

export interface SyntheticRun {
  readonly spec: RunSpec;
  readonly agents: AgentDescription[];
  readonly clockBefore: ClockEstimate[];
  readonly clockAfter: ClockEstimate[];
  /** T0 on the controller's monotonic clock, and on its wall clock. */
  readonly t0Ns: bigint;
  readonly t0WallNs: bigint;
  /** Ascending by seq from 1; the last is a RunEnd. */
  records(agent: string): Generator<Record>;
  /** The same, encoded as in a journal. */
  payloads(agent: string): Generator<{ seq: number; payload: Uint8Array }>;
}

type Body = Exclude<Record["body"], { case: undefined }>;

/** Reads and writes 4 KiB blocks, two reads for a write; participant `vm1.disk1` does most, later ones a little less. */
export function syntheticRun(shape: SyntheticShape = {}): SyntheticRun {
  const {
    run = "synthetic-1",
    agents = 2,
    participantsPerAgent = 2,
    intervalMs = 1000,
    rampTicks = 2,
    ticks = 10,
  } = shape;
  const { binsPerSample = 8, cores = 2, disks = true, nets = false, observer } = shape;
  const t0Ns = 5_000_000_000_000n;
  const t0WallNs = 1_790_000_000_000_000_000n;
  const intervalNs = BigInt(intervalMs) * 1_000_000n;
  const guests = Array.from({ length: agents }, (_, index) => `vm${index + 1}`);
  const ids = [...guests, ...(observer === undefined ? [] : ["target"])];
  const isObserver = (id: string) => !guests.includes(id);
  const devices = Array.from({ length: participantsPerAgent }, (_, index) => `disk${index + 1}`);
  const lastTick = rampTicks + ticks;
  /** Controller time = agent time + offset: every agent's clock began somewhere else. */
  const offsetOf = (agent: string) => 1_000_000_007n * BigInt(ids.indexOf(agent) + 1);

  const spec = create(RunSpecSchema, {
    run,
    lab: "synthetic",
    study: "synthetic",
    scenario: "memory",
    repeat: 1,
    intervalMs,
    workload: {
      name: "4k-mixed",
      pattern: Pattern.RANDRW,
      blockSizeBytes: 4096n,
      jobs: 1,
      queueDepth: 16,
      readPercent: 67,
      rampMs: rampTicks * intervalMs,
      durationMs: ticks * intervalMs,
      direct: true,
      engine: Engine.LIBAIO,
    },
    agents: ids.map((id, index) => ({
      id,
      address: `127.0.0.1:${7400 + index}`,
      onLoss: OnLoss.ABORT,
      ...(isObserver(id) && observer !== undefined && { observer, roles: [Role.TARGET] }),
    })),
    participants: guests.flatMap((agent) => devices.map((device) => ({ id: `${agent}.${device}`, agent, device }))),
  });

  const estimates = (atNs: bigint) =>
    ids.map((agent) =>
      create(ClockEstimateSchema, {
        agent,
        atNs,
        offsetNs: offsetOf(agent),
        boundNs: 40_000n,
        rttNs: 80_000n,
        pings: 64,
      }),
    );

  function* records(agent: string): Generator<Record> {
    let seq = 0;
    const t0OfAgent = t0Ns - offsetOf(agent);
    const at = (tick: number) => t0OfAgent + BigInt(tick) * intervalNs;
    const record = (atNs: bigint, body: Body) => create(RecordSchema, { seq: ++seq, atNs, body });
    const event = (atNs: bigint, kind: EventKind, text: string, participant = "") =>
      record(atNs, { case: "event", value: { $typeName: "salvo.v1.RunEvent", kind, participant, text } });
    const participants = spec.participants.filter((participant) => participant.agent === agent);

    yield event(at(0) - 2_000_000_000n, EventKind.ARMED, "");
    yield event(at(0) - 200_000_000n, EventKind.FIRED, "nonce-0123456789abcdef");
    yield event(at(0), EventKind.RELEASED, "");
    for (let tick = 1; tick <= lastTick; tick++) {
      for (const { id } of participants) yield record(at(tick) + 300_000n, fioSample(id, tick, at(tick)));
      yield record(at(tick) + 400_000n, cpuSample(tick, at(tick)));
      const ofDisks = isObserver(agent)
        ? ["sda", "sdb"].map((disk) => diskSample("", disk, tick, at(tick)))
        : participants.map(({ id, device }) => diskSample(id, `dev-${device}`, tick, at(tick)));
      if (disks) for (const body of ofDisks) yield record(at(tick) + 500_000n, body);
      if (nets || isObserver(agent)) yield record(at(tick) + 600_000n, netSample(tick, at(tick)));
    }
    for (const [index, { id }] of participants.entries()) {
      const firstIoNs = at(0) + 800_000n + BigInt(spec.participants.findIndex((one) => one.id === id)) * 100_000n;
      yield record(at(lastTick), {
        case: "start",
        value: {
          $typeName: "salvo.v1.StartProof",
          participant: id,
          releasedAtNs: at(0),
          earliestNs: firstIoNs - 50_000n,
          latestNs: firstIoNs + 50_000n,
          wallClockSet: false,
        },
      });
      const endedNs = at(lastTick) + 500_000_000n + BigInt(index);
      yield event(endedNs, EventKind.EXITED, "exit code 0", id);
      const final = { $typeName: "salvo.v1.FioFinal" as const, participant: id, exitCode: 0, json: `{"jobs":[]}` };
      yield record(endedNs, { case: "final", value: final });
    }
    const end = { $typeName: "salvo.v1.RunEnd" as const, outcome: Outcome.FINISHED, reason: "" };
    yield record(at(lastTick) + 600_000_000n, { case: "end", value: end });
  }

  function fioSample(id: string, tick: number, tickNs: bigint): Body {
    const rank = spec.participants.findIndex((participant) => participant.id === id);
    const read = io(rank, tick, 2);
    const write = io(rank, tick, 1);
    const sample = create(RecordSchema, {
      body: {
        case: "fio",
        value: {
          participant: id,
          tick,
          takenAtNs: tickNs + 250_000n,
          countedAtNs: tickNs + 300_000n,
          runtimeMs: tick * intervalMs,
          read,
          write,
        },
      },
    });
    return defined(sample.body);
  }

  function io(rank: number, tick: number, share: number) {
    const bins = Array.from({ length: binsPerSample }, (_, index) => 640 + rank + 3 * index);
    const counts = bins.map((_, index) => share * (10 + ((tick * 7 + index * 13 + rank * 5) % 40)));
    const ios = counts.reduce((sum, count) => sum + count, 0);
    return { ios, bytes: BigInt(ios) * 4096n, latency: { bins, counts } };
  }

  function cpuSample(tick: number, tickNs: bigint): Body {
    const busy = Math.floor(intervalMs / 10);
    const core = { userMs: busy, systemMs: busy, softirqMs: Math.floor(busy / 2), idleMs: intervalMs - 2.5 * busy };
    const rounded = { ...core, idleMs: Math.round(core.idleMs) };
    const value = { tick, ...between(tick, tickNs, 350_000n), cores: Array.from({ length: cores }, () => rounded) };
    return defined(create(RecordSchema, { body: { case: "cpu", value } }).body);
  }

  /** When the reading before this one was taken, and this one: the first count begins at T0. */
  function between(tick: number, tickNs: bigint, lateNs: bigint) {
    return { takenAtNs: tickNs + lateNs, sinceNs: tick === 1 ? tickNs - intervalNs : tickNs - intervalNs + lateNs };
  }

  function diskSample(participant: string, disk: string, tick: number, tickNs: bigint): Body {
    const counters = {
      reads: 200,
      readBytes: 819_200n,
      writes: 100,
      writtenBytes: 409_600n,
      inFlight: 16,
      busyMs: 900,
      readMs: 9_000n,
      writeMs: 7_000n,
      queueMs: 16_000n,
    };
    const value = { participant, disk, tick, ...between(tick, tickNs, 360_000n), ...counters };
    return defined(create(RecordSchema, { body: { case: "disk", value } }).body);
  }

  function netSample(tick: number, tickNs: bigint): Body {
    const traffic = { receivedBytes: 10_485_760n, sentBytes: 1_048_576n, receivedPackets: 8_000n, sentPackets: 900n };
    const nics = [{ name: "eth0", ...traffic, drops: 1n }, { name: "lo" }];
    const value = { tick, ...between(tick, tickNs, 370_000n), nics };
    return defined(create(RecordSchema, { body: { case: "net", value } }).body);
  }

  return {
    spec,
    t0Ns,
    t0WallNs,
    clockBefore: estimates(t0Ns - 3_000_000_000n),
    clockAfter: estimates(t0Ns + BigInt(lastTick) * intervalNs + 1_000_000_000n),
    agents: ids.map((id) =>
      create(AgentDescriptionSchema, {
        id,
        version: "0.0.0",
        roles: isObserver(id) ? [Role.TARGET] : [Role.WORKLOAD],
        bootId: `boot-of-${id}`,
        host: { name: `host-of-${id}`, os: "linux", cores },
        fio: { path: "/usr/bin/fio", version: "fio-3.33" },
        devices: devices.map((name) => ({ name, path: `/dev/shm/${id}-${name}`, sizeBytes: 67_108_864n })),
      }),
    ),
    records,
    *payloads(agent) {
      for (const record of records(agent)) yield { seq: record.seq, payload: toBinary(RecordSchema, record) };
    },
  };
}

function defined(body: Record["body"]): Body {
  if (body.case === undefined) throw new Error("bug: a record without a body");
  return body;
}

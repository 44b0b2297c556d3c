/** Runs that never happened, for tests and for looking at the report: repeatable, and as rough as real storage. */
import { clone, create } from "@bufbuild/protobuf";
import { CpuCostSchema, ManifestSchema, type Totals, TotalsSchema } from "@salvo/proto/run_pb.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import { type ExampleShape, manifestOf, OBSERVER, RAMP_TICKS, T0_WALL_NS } from "./example-manifest.ts";
import { binOf } from "@salvo/shared/fio/bins.ts";
import { percentilesOf } from "../analysis/percentiles.ts";
import { type Direction, mergedLatency, samplesInWindow } from "./latency.ts";
import type { CpuRow, DiskRow, IoRow, NicTotals, ObservedDisk, ReportRun, SampleRow } from "./run.ts";

/** A complete run: one participant for each agent, one tick a second, two ticks of ramp. */
export function exampleRun(shape: ExampleShape = {}): ReportRun {
  const { agents = 4, ticks = 20, cores = 2, blockBytes = 4096, readShare = 0.7, iops = 9000, medianUs = 380 } = shape;
  const chance = randomOf(agents * 7919 + ticks + (shape.repeat ?? 1) * 104_729);
  const ids = Array.from({ length: agents }, (_, index) => `g${index + 1}`);
  const last = RAMP_TICKS + ticks;
  const samples: SampleRow[] = [];
  const disk: DiskRow[] = [];
  const cpu: CpuRow[] = [];
  for (const [index, agent] of ids.entries()) {
    let owed = 0;
    for (let tick = 1; tick <= last; tick += 1) {
      const tNs = T0_WALL_NS + BigInt(tick) * 1_000_000_000n + BigInt(Math.round(chance() * 900_000));
      const stalled = index === 1 && tick === shape.stalledTick;
      const idle = index === 0 && tick === shape.idleTick;
      const pace = tick <= RAMP_TICKS ? 0.55 + 0.2 * tick : 1;
      const wanted = idle ? 0 : Math.round(iops * pace * (1 - index * 0.04) * (0.94 + 0.12 * chance()));
      const ios = stalled ? 0 : wanted + owed;
      owed = stalled ? wanted : 0;
      const reads = Math.round(ios * readShare);
      const slow = 1 + 0.25 * Math.sin(tick / 5) + 0.1 * chance();
      const read = ioOf(reads, blockBytes, medianUs * slow, chance);
      const write = ioOf(ios - reads, blockBytes, medianUs * slow * 1.6, chance);
      const place = { participant: `${agent}.disk`, agent, tick, tNs };
      samples.push({ ...place, countedNs: tNs, device: "disk", stalled, runtimeMs: tick * 1000, read, write });
      disk.push({
        ...place,
        reads,
        readBytes: read.bytes,
        writes: ios - reads,
        writtenBytes: write.bytes,
        inFlight: idle ? 0 : 16,
        busyMs: idle ? 0 : 990,
      });
      for (let core = 0; core < cores; core += 1) cpu.push({ agent, tick, tNs, core, ...coreTime(core, pace, chance) });
    }
  }
  const observed = shape.observed ? observedBy(OBSERVER, last, chance) : { cpu: [], observedDisks: [], nics: [] };
  const manifest = manifestOf(shape, ids, last);
  return withTotals({ manifest, samples, disk, ...observed, cpu: [...cpu, ...observed.cpu] });
}

/** Eight cores, of which the first takes the network's interrupts; a striped pair of disks, and one that nobody uses. */
function observedBy(agent: string, last: number, chance: () => number) {
  const cpu: CpuRow[] = [];
  for (let tick = 1; tick <= last; tick += 1) {
    const tNs = T0_WALL_NS + BigInt(tick) * 1_000_000_000n;
    for (let core = 0; core < 8; core += 1)
      cpu.push({ agent, tick, tNs, core, ...coreTime(core, tick <= RAMP_TICKS ? 0.5 : 1, chance) });
  }
  const seconds = last - RAMP_TICKS;
  const mib = (perSecond: number) => perSecond * seconds * 2 ** 20;
  const disk = (name: string, share: number): ObservedDisk => ({
    agent,
    disk: name,
    seconds,
    ios: 18_000 * share * seconds,
    readBytes: mib(49.2 * share),
    writtenBytes: mib(21.1 * share),
    busyMs: 991 * share * seconds,
    queueMs: 31_400 * share * seconds,
  });
  const nic = (name: string, share: number): NicTotals => ({
    agent,
    nic: name,
    seconds,
    receivedBytes: mib(43.9 * share),
    sentBytes: mib(101 * share),
    drops: share === 1 ? 3 : 0,
    errors: 0,
  });
  const volume: ObservedDisk = { ...disk("lio:salvo-lun1", 1.97), busyMs: undefined, queueMs: undefined };
  const nics = [nic("ens1f0", 1), nic("ens1f1", 0.98), nic("lo", 0)];
  return { cpu, observedDisks: [disk("nvme0n1", 1), disk("nvme1n1", 0.97), disk("sda", 0), volume], nics };
}

/** The same run, ended in its third second, before its window: no totals, and only the first participant began. */
export function abortedRun(shape: ExampleShape = {}): ReportRun {
  const run = exampleRun(shape);
  const manifest = clone(ManifestSchema, run.manifest);
  const { summary, participants } = manifest;
  assert(summary, "an example has a summary");
  delete summary.window;
  delete summary.totals;
  summary.verdict = "aborted";
  summary.reason = "g3 cannot be reached: the connection was lost 3 s after T0";
  for (const [index, participant] of participants.entries()) {
    delete participant.totals;
    participant.started = index === 0;
  }
  const early = ({ tick }: { tick: number }) => tick <= 3;
  return {
    ...run,
    manifest,
    samples: run.samples.filter(early),
    cpu: run.cpu.filter(early),
    disk: run.disk.filter(early),
  };
}

/** Totals as the archive has them, of the rows themselves. */
function withTotals(run: ReportRun): ReportRun {
  const manifest = clone(ManifestSchema, run.manifest);
  const rows = samplesInWindow(run);
  if (manifest.summary) {
    manifest.summary.totals = totalsOf(rows);
    manifest.summary.cpuCost = create(CpuCostSchema, { guests: 6.15, targets: 2.4 });
  }
  for (const participant of manifest.participants) {
    participant.totals = totalsOf(rows.filter((row) => row.participant === participant.id));
  }
  return { ...run, manifest };
}

function totalsOf(rows: readonly SampleRow[]): Totals {
  const of = (directions: readonly Direction[]) => {
    const seconds = new Set(rows.map(({ tick }) => tick)).size;
    const io = rows.flatMap((row) => directions.map((direction) => row[direction]));
    const ios = io.reduce((sum, each) => sum + each.ios, 0);
    const bytes = io.reduce((sum, each) => sum + each.bytes, 0);
    const latencyUs = percentilesOf(mergedLatency(rows, directions));
    return { iops: ios / seconds, mibPerSec: bytes / 2 ** 20 / seconds, latencyUs };
  };
  return create(TotalsSchema, { ...of(["read", "write"]), read: of(["read"]), write: of(["write"]) });
}

/** Latencies like storage has them: a broad hump, and one I/O in a hundred far behind it. */
function ioOf(ios: number, blockBytes: number, medianUs: number, chance: () => number): IoRow {
  const counts = new Map<number, number>();
  const draws = Math.min(ios, 400);
  for (let draw = 0; draw < draws; draw += 1) {
    const normal = Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
    const rank = (draw + chance()) / draws;
    const tail = rank > 0.985 ? 4 + 900 * (rank - 0.985) : 1;
    const bin = binOf(medianUs * 1000 * tail * Math.exp(0.22 * normal));
    const many = Math.floor(ios / draws) + (draw < ios % draws ? 1 : 0);
    counts.set(bin, (counts.get(bin) ?? 0) + many);
  }
  const sorted = [...counts].sort(([a], [b]) => a - b);
  return { ios, bytes: ios * blockBytes, bins: sorted.map(([bin]) => bin), counts: sorted.map(([, count]) => count) };
}

function coreTime(core: number, pace: number, chance: () => number) {
  const user = Math.round(220 * pace + 60 * chance());
  const system = Math.round((core === 0 ? 480 : 300) * pace + 80 * chance());
  const softirq = Math.round((core === 0 ? 120 : 15) * pace);
  const [irq, steal, iowait] = [2, Math.round(8 * chance()), 60];
  return {
    user,
    system,
    irq,
    softirq,
    steal,
    iowait,
    idle: Math.max(0, 1000 - user - system - softirq - irq - steal - iowait),
  };
}

/** Park and Miller's generator: the same numbers for the same seed, everywhere. */
function randomOf(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

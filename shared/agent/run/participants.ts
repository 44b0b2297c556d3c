import { join } from "node:path";
import { SalvoError } from "../../kernel/error.ts";
import type { Nanos } from "../../kernel/time.ts";
import type { OpenDevice } from "../devices/open-device.ts";
import { type FioProcess, startFio } from "../fio/process.ts";
import type { Workloads } from "../fio/workloads.ts";
import type { SampledParticipant } from "../sampler/sampler.ts";
import type { RunContext } from "./context.ts";
import { watchCpuLimits } from "./cpu-limits.ts";
import { createWays } from "./ways.ts";

/** The run's own fio processes and their devices; an observer has none. */
export interface Participants {
  /** Opens every device and parks a fio at its gate. Throws what the run cannot begin for. */
  arm(): Promise<void>;
  /** Those that have been armed. */
  readonly sampled: readonly SampledParticipant[];
  /** Throws `refused` when a device is no longer what was armed. Some milliseconds: 100 ms or more before T0. */
  lookEarly(): void;
  /** The same by the device's number alone, just before the gates open. */
  lookLate(): void;
  /** What keeps fio and the agent from CPUs: what the look found, or, with `over`, what it cost since. */
  keepCpuLimits(when: "found" | "over"): void;
  /** wallOffsetNs: the monotonic clock less the wall clock, now. */
  prepareToOpen(wallOffsetNs: Nanos): void;
  open(): void;
  /** Asks every fio for the sample of a tick. */
  sample(tick: number): void;
  /** Tells of the ways to the disks that have changed. */
  lookAtWays(tick: number): void;
  askForProof(): void;
  kill(): void;
  /** Tells the run machine of those that have no fio and will get none. */
  giveUp(problem: string): Promise<void>;
  /** From opening the gates to the first I/O, of those whose start was proven. */
  readonly delaysNs: readonly Nanos[];
  closeDevices(): void;
}

export function createParticipants(context: RunContext): Participants {
  const { plan, config, clock, signal, keep, tell } = context;
  const fios: FioProcess[] = [];
  const devices: OpenDevice[] = [];
  const sampled: SampledParticipant[] = [];
  const ways = createWays(keep);
  const delaysNs: Nanos[] = [];
  const cpuLimits = watchCpuLimits((pid) => context.platform.workloads?.readCpuLimits(pid));
  const parts = () => [{ participant: "", pid: process.pid }, ...fios];

  async function armOne({ id, device: name, deviceHash }: (typeof plan.participants)[number]): Promise<void> {
    const workloads = workloadsOf(context);
    const { sizeBytes } = await context.devices.find(name);
    const device = await context.devices.open(name, deviceHash, { signal });
    devices.push(device);
    signal.throwIfAborted();
    const fio = await startFio(id, plan, {
      fioPath: config.fio,
      folder: join(context.folder, id),
      device: { ...device, sizeBytes },
      workloads,
      clock,
      onParked: () => void tell({ type: "parked", participant: id }),
      onSample: (value) => keep({ case: "fio", value }),
    });
    fios.push(fio);
    if (signal.aborted) fio.kill();
    context.background(see(fio));
    sampled.push({ id, path: device.path });
    const read = workloads.findWays(device.path);
    if (read) ways.add(id, read);
  }

  /** Hands over all that fio left behind before the machine hears of its end: RunEnd comes last. */
  async function see(fio: FioProcess): Promise<void> {
    const { problem, final, start } = await fio.ended;
    if (final) keep({ case: "final", value: final });
    if (start) {
      keep({ case: "start", value: start });
      delaysNs.push((start.earliestNs + start.latestNs) / 2n - start.releasedAtNs);
    }
    await tell({ type: "exited", participant: fio.participant, problem });
  }

  return {
    sampled,
    delaysNs,
    async arm() {
      for (const each of plan.participants) await armOne(each);
    },
    lookEarly() {
      for (const device of devices) device.recheck();
      cpuLimits.begin(parts());
    },
    lookLate() {
      for (const device of devices) device.recheckQuickly();
    },
    keepCpuLimits(when) {
      const told = when === "over" ? cpuLimits.over(parts()) : cpuLimits.found();
      for (const value of told) keep({ case: "cpuLimit", value });
    },
    prepareToOpen(wallOffsetNs) {
      for (const fio of fios) fio.prepareToOpen(wallOffsetNs);
    },
    open() {
      for (const fio of fios) fio.open();
    },
    sample(tick) {
      for (const fio of fios) fio.ask(tick);
    },
    lookAtWays: (tick) => ways.look(tick),
    askForProof() {
      for (const fio of fios) fio.askForProof();
    },
    kill() {
      for (const fio of fios) fio.kill();
    },
    async giveUp(problem) {
      const started = new Set(fios.map(({ participant }) => participant));
      for (const { id } of plan.participants)
        if (!started.has(id)) await tell({ type: "exited", participant: id, problem });
    },
    closeDevices() {
      for (const device of devices) device.close();
    },
  };
}

function workloadsOf({ platform, config }: RunContext): Workloads {
  if (platform.workloads) return platform.workloads;
  throw new SalvoError("refused", `agent ${config.id} cannot run fio`, { host: config.id });
}

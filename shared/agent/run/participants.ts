import { join } from "node:path";
import { SalvoError } from "../../kernel/error.ts";
import type { Nanos } from "../../kernel/time.ts";
import type { OpenDevice } from "../devices/open-device.ts";
import { type FioProcess, startFio } from "../fio/process.ts";
import type { Workloads } from "../fio/workloads.ts";
import type { SampledParticipant } from "../sampler/sampler.ts";
import type { RunContext } from "./context.ts";
import { type RunningPart, watchCpuLimits } from "./cpu-limits.ts";
import { createSessions } from "./sessions.ts";

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
  /** wallOffsetNs: the monotonic clock less the wall clock, now. */
  prepareToOpen(wallOffsetNs: Nanos): void;
  open(): void;
  /** Asks every fio for the sample of a tick. */
  sample(tick: number): void;
  /** Tells of the sessions to the disks that have changed. */
  lookAtSessions(tick: number): void;
  askForProof(): void;
  /** Before T0: what keeps the processes of the run from CPUs; what that costs is counted from lookEarly on. */
  tellCpuLimits(): void;
  /** After the last tick, while fio still runs: what it has cost. */
  tellCpuCosts(): void;
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
  const sessions = createSessions(keep);
  const delaysNs: Nanos[] = [];
  const cpuLimits = watchCpuLimits((pid) => context.platform.workloads?.readCpuLimits(pid));
  const processes = (): RunningPart[] => [{ participant: "", pid: process.pid }, ...fios];

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
    const read = workloads.findSessions(device.path);
    if (read) sessions.add(id, read);
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
      cpuLimits.begin(processes());
    },
    lookLate() {
      for (const device of devices) device.recheckQuickly();
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
    lookAtSessions: (tick) => sessions.look(tick),
    askForProof() {
      for (const fio of fios) fio.askForProof();
    },
    tellCpuLimits() {
      for (const value of cpuLimits.found()) keep({ case: "cpuLimit", value });
    },
    tellCpuCosts() {
      for (const value of cpuLimits.over(processes())) keep({ case: "cpuLimit", value });
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

/** esxtop in batch mode: a header, then rows with stamps of whole seconds. Sources of the names: captures of 5 to 7. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { CommandFailure } from "../failure.ts";
import type { HostState } from "../state/state.ts";
import { disks } from "../world/devices.ts";
import type { ProgramCall } from "./call.ts";

/** What gathering takes on a real host, beyond the delay: a capture with a delay of 5 s has rows 5.5 s apart. */
const GATHERING_MS = 500;
const DELAY_MIN_S = 2;

export async function esxtop({ args, read, write }: ProgramCall): Promise<void> {
  if (!args.includes("-b")) throw new CommandFailure("esxtop: TERM is not set; only batch mode (-b) works here");
  const delayS = Math.max(DELAY_MIN_S, numberAfter(args, "-d") ?? 5);
  const rows = numberAfter(args, "-n") ?? Number.POSITIVE_INFINITY;
  const columns = columnsOf(read());
  write(
    `${["(PDH-CSV 4.0) (UTC)(0)", ...columns.map(({ name }) => `\\\\${read().hostName}\\${name}`)].map(quoted).join(",")}\n`,
  );
  for (let row = 0; row < rows; row += 1) {
    const state = read();
    await sleep(state.settings.esxtopDelayMs ?? (row === 0 ? GATHERING_MS : delayS * 1000 + GATHERING_MS));
    write(`${[stamp(Date.now()), ...columns.map(({ value }) => value(row).toFixed(2))].map(quoted).join(",")}\n`);
    if (process.stdout.writableNeedDrain) await once(process.stdout, "drain");
  }
}

interface Column {
  readonly name: string;
  /** Takes the number of the row, counted from 0. */
  readonly value: (row: number) => number;
}

/** The header stands for the whole run: what comes later has no column. */
export function columnsOf(state: HostState): Column[] {
  const column = (name: string, value: (row: number) => number): Column => ({ name, value });
  const flat = (names: readonly string[], object: string) => names.map((name) => column(`${object}\\${name}`, () => 0));
  const cpus = [...Array.from({ length: state.hardware.threads }, (_, index) => String(index)), "_Total"];
  const running = state.vms.filter(({ power }) => power === "on");
  return [
    ...flat(["Memory Overcommit (1 Minute Avg)"], "Memory"),
    ...flat(["Cpu Load (1 Minute Avg)", "Cpu Load (5 Minute Avg)", "Cpu Load (15 Minute Avg)"], "Physical Cpu Load"),
    ...cpus.flatMap((cpu, index) =>
      ["% Processor Time", "% Util Time", "% Core Util Time"].map((name) =>
        column(`Physical Cpu(${cpu})\\${name}`, (row) => ((index * 7 + row * 3) % 100) / 10),
      ),
    ),
    ...flat(GROUP_COUNTERS, "Group Cpu(1:system)"),
    ...running.flatMap((vm) => [
      ...flat(GROUP_COUNTERS, `Group Cpu(${vm.worldId + 1}:${vm.name})`),
      ...[`${vm.worldId}:vmx`, `${vm.worldId + 2}:vmx-vcpu-0`, `${vm.worldId + 3}:LSI-${vm.worldId}:0`].flatMap(
        (world) => flat(VCPU_COUNTERS, `Vcpu(${vm.worldId + 1}:${vm.name}:${world})`),
      ),
      ...flat(VIRTUAL_DISK_COUNTERS, `Virtual Disk(${vm.name}:scsi0:0)`),
    ]),
    ...[
      ...state.storage.localDisks.map(({ adapter }) => adapter),
      ...state.iscsi.adapters.map(({ name }) => name),
    ].flatMap((adapter) => flat(ADAPTER_COUNTERS, `Physical Disk Adapter(${adapter})`)),
    ...disks(state).flatMap(({ id }) => flat(DEVICE_COUNTERS, `Physical Disk SCSI Device(${id})`)),
  ];
}

const GROUP_COUNTERS = [
  "% Used",
  "% Run",
  "% System",
  "% Wait",
  "% VmWait",
  "% Ready",
  "% Idle",
  "% Overlap",
  "% CoStop",
  "% Max Limited",
  "% Swap Wait",
];
const VCPU_COUNTERS = [
  "% Used",
  "% Run",
  "% System",
  "% Wait",
  "% VmWait",
  "% Ready",
  "% Idle",
  "% CPU Latency",
  "% CoStop",
];
const VIRTUAL_DISK_COUNTERS = [
  "Commands/sec",
  "Reads/sec",
  "Writes/sec",
  "MBytes Read/sec",
  "MBytes Written/sec",
  "Average MilliSec/Read",
  "Average MilliSec/Write",
];
const LATENCIES = ["Driver", "Kernel", "Guest", "Queue"];
const RATES = ["Commands/sec", "Reads/sec", "Writes/sec", "MBytes Read/sec", "MBytes Written/sec"];
const ADAPTER_COUNTERS = [...RATES, ...LATENCIES.map((name) => `Average ${name} MilliSec/Command`)];
const DEVICE_COUNTERS = [
  "Device Q Depth",
  "World Q Depth",
  "Active Commands",
  "Queued Commands",
  "% Used",
  "Load",
  ...RATES,
  ...["Command", "Read", "Write"].flatMap((what) => LATENCIES.map((name) => `Average ${name} MilliSec/${what}`)),
  "Failed Commands/sec",
  "Failed Reads/sec",
  "Failed Writes/sec",
  "Failed Bytes Read/sec",
  "Failed Bytes Written/sec",
  "Failed Reserves/sec",
  "Aborts/sec",
  "Resets/sec",
];

/** MM/DD/YYYY hh:mm:ss in UTC. */
function stamp(atMs: number): string {
  const [day = "", time = ""] = new Date(atMs).toISOString().split("T");
  const [year = "", month = "", date = ""] = day.split("-");
  return `${month}/${date}/${year} ${time.slice(0, 8)}`;
}

function quoted(cell: string): string {
  return `"${cell}"`;
}

function numberAfter(args: readonly string[], flag: string): number | undefined {
  const at = args.indexOf(flag);
  const value = Number(args[at + 1]);
  return at < 0 || Number.isNaN(value) ? undefined : value;
}

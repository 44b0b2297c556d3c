/** Calls everything of agent-windows/win32 and prints what came of it as one JSON object: FOLDER. */
import { existsSync, mkdirSync, openSync, renameSync, statSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { diskUnder } from "@salvo/agent-windows/disk-counters.ts";
import { readAffinity, setAffinity } from "@salvo/agent-windows/win32/affinity.ts";
import { DEVICE_NUMBER, openDevice } from "@salvo/agent-windows/win32/device-control.ts";
import { openInterfaces } from "@salvo/agent-windows/win32/interfaces.ts";
import { endChildrenWithThisProcess } from "@salvo/agent-windows/win32/job-object.ts";
import { readField } from "@salvo/agent-windows/win32/layout.ts";
import { readNumaNodes } from "@salvo/agent-windows/win32/numa.ts";
import { openCounters } from "@salvo/agent-windows/win32/pdh.ts";
import { pinFile } from "@salvo/agent-windows/win32/pinned-file.ts";
import { openPreciseTime } from "@salvo/agent-windows/win32/precise-time.ts";
import { openProcessorTimes } from "@salvo/agent-windows/win32/processor-times.ts";
import { openBlockingTimer } from "@salvo/agent-windows/win32/waitable-timer.ts";

const [folder = "."] = process.argv.slice(2);

/** What the call gave, or how it failed. */
function tried<T>(call: () => T): T | { failed: string } {
  try {
    return call();
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

function pinned() {
  const path = join(folder, "pinned.bin");
  writeFileSync(path, "x");
  // As an agent has the device's file open by Node.
  openSync(path, "r+");
  const { dev, ino } = statSync(path, { bigint: true });
  const pin = pinFile(path, { dev, ino });
  const renamed = tried(() => renameSync(path, `${path}.away`));
  const other = tried(() => pinFile(path, { dev, ino: ino + 1n }));
  pin.close();
  return { path: pin.path, renamed, other, after: tried(() => renameSync(path, `${path}.away`)) };
}

function waited() {
  const timer = openBlockingTimer();
  const beganMs = performance.now();
  for (let n = 0; n < 10; n++) timer.wait(3);
  return { exact: timer.exact, ms: (performance.now() - beganMs) / 10 };
}

function processors() {
  const read = openProcessorTimes();
  const before = read();
  const untilMs = performance.now() + 300;
  while (performance.now() < untilMs);
  return { before, after: read() };
}

function affinity() {
  const { mask } = readAffinity(process.pid);
  const one = mask & -mask;
  const set = setAffinity(process.pid, one);
  const back = setAffinity(process.pid, mask);
  return { mask, one, set: set.mask, back: back.mask, nobody: tried(() => readAffinity(3)) };
}

function counters() {
  using query = openCounters();
  const processor = query.add("\\Processor(_Total)\\% Processor Time");
  query.collect();
  return {
    processor: "raw" in processor ? processor.raw() : processor,
    disk: query.add("\\PhysicalDisk(_Total)\\Disk Reads/sec"),
  };
}

function disk() {
  using device = openDevice("\\\\.\\PhysicalDrive0");
  const number = device.ask("IOCTL_STORAGE_GET_DEVICE_NUMBER");
  return {
    number: readField(number, DEVICE_NUMBER, "DeviceNumber"),
    performance: tried(() => device.ask("IOCTL_DISK_PERFORMANCE").length),
    counted: diskUnder("\\\\.\\PhysicalDrive0")?.name ?? null,
    volume: diskUnder(join(folder, "x"))?.name ?? null,
  };
}

const readTime = openPreciseTime();
const said = {
  processors: tried(processors),
  timer: tried(waited),
  wallOffMs: tried(() => readTime() - Date.now()),
  pinned: tried(pinned),
  affinity: tried(affinity),
  numa: tried(() => readNumaNodes() ?? null),
  interfaces: tried(() => openInterfaces()()),
  counters: tried(counters),
  disk: tried(disk),
  job: tried(endChildrenWithThisProcess) ?? null,
};
const exact = (_: string, value: unknown) => (typeof value === "bigint" ? value.toString() : value);
// A child of a child, which the job of libuv does not hold; it waits for ever.
const below = join(folder, "below");
mkdirSync(below);
const forever = "require('node:fs').writeFileSync('begun', ''); setInterval(() => {}, 1000)";
spawn("cmd", ["/c", process.execPath, "-e", forever], { cwd: below, stdio: "ignore" });
while (!existsSync(join(below, "begun"))) await setTimeout(20);
process.stdout.write(`${JSON.stringify(said, exact)}\n`);
setInterval(() => {}, 1_000);

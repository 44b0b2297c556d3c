import type { DiskCounters } from "@salvo/shared/agent/domain/counters.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { type Device, disksOfVolume, openDevice, PERFORMANCE } from "./win32/device-control.ts";
import { readField } from "./win32/layout.ts";

/** A disk whose counters can be read. */
export interface CountedDisk extends Disposable {
  /** As Windows calls it: PhysicalDrive0. */
  readonly name: string;
  /** Throws `program-failed` when the disk does not tell. */
  read(): DiskCounters;
}

const UNITS_PER_MS = 10_000;
const COUNT_LIMIT = 2 ** 32;
/** More than any host has; the numbers may have gaps. */
const DISKS_MAX = 256;

/** The disk under a file or `\\.\PhysicalDriveN`. Undefined where nobody can tell, or where there are several under one volume. */
export function diskUnder(path: string): CountedDisk | undefined {
  const [, number] = /^\\\\\.\\PhysicalDrive(\d+)$/.exec(path) ?? [];
  if (number !== undefined) return countedDisk(Number(number));
  const [drive] = /^[A-Za-z]:/.exec(path) ?? [];
  if (drive === undefined) return undefined;
  return orUnknown(() => {
    using volume = openDevice(`\\\\.\\${drive}`);
    const disks = disksOfVolume(volume);
    const [first, ...others] = disks;
    return first === undefined || others.some((each) => each !== first) ? undefined : countedDisk(first);
  });
}

/** All that tell their counters. */
export function allDisks(): CountedDisk[] {
  return Array.from({ length: DISKS_MAX }, (_, number) => countedDisk(number)).filter((disk) => disk !== undefined);
}

function countedDisk(number: number): CountedDisk | undefined {
  return orUnknown(() => {
    const name = `PhysicalDrive${number}`;
    const device = openDevice(`\\\\.\\${name}`);
    try {
      const read = diskReader(device);
      read();
      return { name, read, [Symbol.dispose]: () => device[Symbol.dispose]() };
    } catch (error) {
      device[Symbol.dispose]();
      throw error;
    }
  });
}

/** Windows counts requests in 32 bits, which a fast disk fills within hours: what it has filled is added up here. */
export function diskReader(device: Pick<Device, "ask">): () => DiskCounters {
  const reads = unwrapped();
  const writes = unwrapped();
  return () => {
    const answer = device.ask("IOCTL_DISK_PERFORMANCE");
    const is = (field: keyof typeof PERFORMANCE.fields) => readField(answer, PERFORMANCE, field);
    const readMs = is("ReadTime") / UNITS_PER_MS;
    const writeMs = is("WriteTime") / UNITS_PER_MS;
    return {
      reads: reads(is("ReadCount")),
      readBytes: is("BytesRead"),
      writes: writes(is("WriteCount")),
      writtenBytes: is("BytesWritten"),
      inFlight: is("QueueDepth"),
      busyMs: (is("QueryTime") - is("IdleTime")) / UNITS_PER_MS,
      readMs,
      writeMs,
      queueMs: readMs + writeMs,
    };
  };
}

function unwrapped(): (count: number) => number {
  let before = 0;
  let filled = 0;
  return (count) => {
    if (count < before) filled += COUNT_LIMIT;
    before = count;
    return filled + count;
  };
}

/** A disk that cannot be asked is not known; a bug in here is a bug. */
function orUnknown<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof SalvoError && error.kind !== "internal") return undefined;
    throw error;
  }
}

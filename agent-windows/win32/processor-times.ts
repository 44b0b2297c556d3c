/** What every logical processor did since the boot, in units of 100 ns, as Windows itself counts it. */
import type { CoreCounters } from "@salvo/shared/agent/domain/counters.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { layout, readField } from "./layout.ts";
import { kernel32, ntdll, once } from "./library.ts";

/**
 * winternl.h; the two reserved fields in the middle are DpcTime and InterruptTime (Windows Internals, "System mechanisms").
 * KernelTime includes the idle time, and the times of DPCs and interrupts.
 */
export const PERFORMANCE = layout("SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION", 48, {
  IdleTime: [0, "i64"],
  KernelTime: [8, "i64"],
  UserTime: [16, "i64"],
  DpcTime: [24, "i64"],
  InterruptTime: [32, "i64"],
  InterruptCount: [40, "u32"],
});

/** SystemProcessorPerformanceInformation. */
const CLASS = 8;
/** A processor group has no more. */
const GROUP_PROCESSORS_MAX = 64;
const UNITS_PER_MS = 10_000;

/** The calls that this needs of Windows. */
export interface ProcessorQueries {
  groups(): number;
  /** Fills the buffer for the processors of one group, and returns the bytes that it filled. */
  query(group: number, buffer: Buffer): number;
}

/**
 * A reader of all processors in the order of their groups: the plain call knows only the group of the calling thread, so that
 * beyond 64 processors each group is asked for.
 */
export function openProcessorTimes(queries: ProcessorQueries = windowsQueries()): () => CoreCounters[] {
  const groups = queries.groups();
  const buffer = Buffer.alloc(GROUP_PROCESSORS_MAX * PERFORMANCE.bytes);
  return () => {
    const cores: CoreCounters[] = [];
    for (let group = 0; group < groups; group++) {
      const bytes = queries.query(group, buffer);
      for (let from = 0; from + PERFORMANCE.bytes <= bytes; from += PERFORMANCE.bytes) cores.push(coreAt(buffer, from));
    }
    return cores;
  };
}

/** DPCs are what Linux calls soft interrupts. Windows knows neither iowait nor steal. */
function coreAt(buffer: Buffer, from: number): CoreCounters {
  const ms = (field: keyof typeof PERFORMANCE.fields) => readField(buffer, PERFORMANCE, field, from) / UNITS_PER_MS;
  const idleMs = ms("IdleTime");
  const irqMs = ms("InterruptTime");
  const softirqMs = ms("DpcTime");
  const systemMs = Math.max(0, ms("KernelTime") - idleMs - irqMs - softirqMs);
  return { userMs: ms("UserTime"), systemMs, irqMs, softirqMs, stealMs: 0, idleMs, iowaitMs: 0 };
}

type Query = (of: number, buffer: Buffer, bytes: number, filled: number[]) => number;
type QueryGroup = (
  of: number,
  group: Buffer,
  groupBytes: number,
  buffer: Buffer,
  bytes: number,
  filled: number[],
) => number;

function windowsQueries(): ProcessorQueries {
  const groups = kernel32.func<() => number>("uint16_t GetActiveProcessorGroupCount()");
  const query = ntdll.func<Query>(
    "int32_t NtQuerySystemInformation(int32_t of, void *buffer, uint32_t bytes, _Out_ uint32_t *filled)",
  );
  const queryGroup = once(() =>
    ntdll.func<QueryGroup>(
      "int32_t NtQuerySystemInformationEx(int32_t of, void *group, uint32_t groupBytes, void *buffer, uint32_t bytes, _Out_ uint32_t *filled)",
    ),
  );
  const count = Math.max(1, groups());
  return {
    groups: () => count,
    query(group, buffer) {
      const filled = [0];
      const status =
        count === 1
          ? query(CLASS, buffer, buffer.length, filled)
          : queryGroup()(CLASS, groupNumber(group), 2, buffer, buffer.length, filled);
      if (status !== 0) {
        const code = `0x${(status >>> 0).toString(16)}`;
        throw new SalvoError("program-failed", `the times of the processors cannot be read: Windows status ${code}`);
      }
      return filled[0] ?? 0;
    },
  };
}

function groupNumber(group: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(group);
  return bytes;
}

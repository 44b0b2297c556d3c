/** Windows' performance counters by their English names, whatever the language of this Windows is. */
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { layout, readField } from "./layout.ts";
import { type Handle, library, once } from "./library.ts";

const pdh = library("pdh.dll");

/** pdh.h. The two values are of type LONGLONG; what they mean depends on the counter's type. */
export const RAW_COUNTER = layout("PDH_RAW_COUNTER", 40, {
  CStatus: [0, "u32"],
  FirstValue: [16, "i64"],
  SecondValue: [24, "i64"],
});

/** pdhmsg.h. */
const PDH_CSTATUS_NEW_DATA = 1;
const UNKNOWN: Readonly<Record<number, string>> = {
  0xc000_0bb8: "there is no such object",
  0xc000_0bb9: "there is no such counter",
  0x8000_07d0: "the host cannot be asked",
  0x8000_07d1: "there is no such instance",
  0x8000_07d5: "there is no data yet",
};

export interface CounterQuery extends Disposable {
  /** Undefined and the reason, when Windows does not have the counter: "\\PhysicalDisk(0 C:)\\Disk Reads/sec". */
  add(path: string): Counter | { readonly unknown: string };
  /** Reads all counters at one instant. Throws `program-failed`. */
  collect(): void;
}

export interface Counter {
  /** The counter's raw value at the last collection, a total since its begin for a rate; undefined when there was none. */
  raw(): number | undefined;
}

const functions = once(() => ({
  open: pdh.func<(source: null, user: number, query: Handle[]) => number>(
    "uint32_t PdhOpenQueryW(void *source, uintptr_t user, _Out_ intptr_t *query)",
  ),
  add: pdh.func<(query: Handle, path: string, user: number, counter: Handle[]) => number>(
    "uint32_t PdhAddEnglishCounterW(intptr_t query, str16 path, uintptr_t user, _Out_ intptr_t *counter)",
  ),
  collect: pdh.func<(query: Handle) => number>("uint32_t PdhCollectQueryData(intptr_t query)"),
  raw: pdh.func<(counter: Handle, type: null, value: Buffer) => number>(
    "uint32_t PdhGetRawCounterValue(intptr_t counter, void *type, void *value)",
  ),
  close: pdh.func<(query: Handle) => number>("uint32_t PdhCloseQuery(intptr_t query)"),
}));

/** Throws `not-found` when this Windows has no pdh.dll, and `program-failed`. */
export function openCounters(): CounterQuery {
  const { open, add, collect, raw, close } = functions();
  const opened: Handle[] = [0];
  check(open(null, 0, opened), "opening the performance counters");
  const query = opened[0] ?? 0;
  return {
    add(path) {
      const added: Handle[] = [0];
      const status = add(query, path, 0, added);
      if (status !== 0) return { unknown: `${path} cannot be read: ${statusText(status)}` };
      const value = Buffer.alloc(RAW_COUNTER.bytes);
      return {
        raw() {
          const failed = raw(added[0] ?? 0, null, value) !== 0;
          const state = failed ? undefined : readField(value, RAW_COUNTER, "CStatus");
          if (state !== 0 && state !== PDH_CSTATUS_NEW_DATA) return undefined;
          return readField(value, RAW_COUNTER, "FirstValue");
        },
      };
    },
    collect: () => check(collect(query), "reading the performance counters"),
    [Symbol.dispose]: () => void close(query),
  };
}

function check(status: number, what: string): void {
  if (status !== 0) throw new SalvoError("program-failed", `${what} failed: ${statusText(status)}`);
}

function statusText(status: number): string {
  const code = `PDH status 0x${(status >>> 0).toString(16)}`;
  const known = UNKNOWN[status >>> 0];
  return known === undefined ? code : `${known} (${code})`;
}

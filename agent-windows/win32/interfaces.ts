/** What the network interfaces have moved since the boot, as Windows' own IP layer counts it. */
import type { NicCounters } from "@salvo/shared/agent/domain/counters.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { layout, readField } from "./layout.ts";
import { type Handle, kernel32, library, once } from "./library.ts";

const iphlpapi = library("iphlpapi.dll");

/** netioapi.h; the flags are bits of one byte. A name is text of up to 256 characters. */
export const INTERFACE = layout("MIB_IF_ROW2", 1352, {
  InterfaceIndex: [8, "u32"],
  Alias: [28, "u16"],
  Description: [542, "u16"],
  InterfaceAndOperStatusFlags: [1152, "u8"],
  OperStatus: [1156, "u32"],
  InOctets: [1208, "u64"],
  InUcastPkts: [1216, "u64"],
  InNUcastPkts: [1224, "u64"],
  InDiscards: [1232, "u64"],
  InErrors: [1240, "u64"],
  OutOctets: [1280, "u64"],
  OutUcastPkts: [1288, "u64"],
  OutNUcastPkts: [1296, "u64"],
  OutDiscards: [1304, "u64"],
  OutErrors: [1312, "u64"],
});
/** MIB_IF_TABLE2: a count, and the rows from here on. */
const ROWS_AT = 8;
const NAME_CHARS_MAX = 256;
/** Filters of drivers count the same bytes as the interface that they sit on. */
const FILTER_INTERFACE = 0x2;
const IF_OPER_STATUS_UP = 1;

const functions = once(() => ({
  table: iphlpapi.func<(table: Handle[]) => number>("uint32_t GetIfTable2(_Out_ intptr_t *table)"),
  free: iphlpapi.func<(table: Handle) => void>("void FreeMibTable(intptr_t table)"),
  row: iphlpapi.func<(row: Buffer) => number>("uint32_t GetIfEntry2(void *row)"),
  copy: kernel32.func<(to: Buffer, from: Handle, bytes: number) => void>(
    "void RtlMoveMemory(void *to, intptr_t from, size_t bytes)",
  ),
}));

/** Reads the interfaces that were up when this was called; one that is gone since is left out. Throws `program-failed`. */
export function openInterfaces(): () => NicCounters[] {
  const { row } = functions();
  const rows = upInterfaces();
  return () => rows.filter((each) => row(each) === 0).map(countersOf);
}

function upInterfaces(): Buffer[] {
  const { table, free, copy } = functions();
  const got: Handle[] = [0];
  const status = table(got);
  if (status !== 0)
    throw new SalvoError("program-failed", `the network interfaces cannot be listed: Windows error ${status}`);
  const at = BigInt(got[0] ?? 0);
  try {
    const count = Buffer.alloc(4);
    copy(count, at, count.length);
    return Array.from({ length: count.readUInt32LE() }, (_, index) => {
      const each = Buffer.alloc(INTERFACE.bytes);
      copy(each, at + BigInt(ROWS_AT + index * INTERFACE.bytes), each.length);
      return each;
    }).filter(isUp);
  } finally {
    free(at);
  }
}

function isUp(row: Buffer): boolean {
  const filters = readField(row, INTERFACE, "InterfaceAndOperStatusFlags") & FILTER_INTERFACE;
  return filters === 0 && readField(row, INTERFACE, "OperStatus") === IF_OPER_STATUS_UP;
}

export function countersOf(row: Buffer): NicCounters {
  const is = (field: keyof typeof INTERFACE.fields) => readField(row, INTERFACE, field);
  return {
    name: textAt(row, INTERFACE.fields.Alias[0]),
    receivedBytes: is("InOctets"),
    sentBytes: is("OutOctets"),
    receivedPackets: is("InUcastPkts") + is("InNUcastPkts"),
    sentPackets: is("OutUcastPkts") + is("OutNUcastPkts"),
    drops: is("InDiscards") + is("OutDiscards"),
    errors: is("InErrors") + is("OutErrors"),
  };
}

function textAt(row: Buffer, at: number): string {
  const text = row.toString("utf16le", at, at + NAME_CHARS_MAX * 2);
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

/** The wall clock in steps of 100 ns: the usual one goes on only with Windows' clock tick, every 15.6 ms. */
import { kernel32 } from "./library.ts";

/** From 1601, where FILETIME begins, to 1970. */
const UNITS_TO_1970 = 116_444_736_000_000_000n;
const UNITS_PER_MS = 10_000;

/** Milliseconds since 1970, with fractions (GetSystemTimePreciseAsFileTime, sysinfoapi.h). */
export function openPreciseTime(): () => number {
  const get = kernel32.func<(time: Buffer) => void>("void GetSystemTimePreciseAsFileTime(void *time)");
  const time = Buffer.alloc(8);
  return () => {
    get(time);
    return Number(time.readBigUInt64LE() - UNITS_TO_1970) / UNITS_PER_MS;
  };
}

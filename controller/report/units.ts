/** Figures as people read them: three significant digits, a unit that fits, thin spaces that do not break. */

const NBSP = "\u00a0";

/** 41,235 or 0.82. */
export function formatCount(value: number): string {
  if (value >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en-US");
  return significant(value);
}

/** For axes: 0, 250, 1.5k, 40k, 2M. */
export function formatShort(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${trim(value / 1e6)}M`;
  if (size >= 1e3) return `${trim(value / 1e3)}k`;
  return trim(value);
}

/** Microseconds to `412 ns`, `412 µs`, `4.12 ms` or `1.20 s`. */
export function formatMicros(us: number): string {
  if (us === 0) return `0${NBSP}µs`;
  if (us < 1) return `${significant(us * 1e3)}${NBSP}ns`;
  if (us < 999.5) return `${significant(us)}${NBSP}µs`;
  if (us < 999_500) return `${significant(us / 1e3)}${NBSP}ms`;
  return `${significant(us / 1e6)}${NBSP}s`;
}

/** The same without needless zeros, for axes: `1 ms`, `500 µs`. */
export function formatMicrosShort(us: number): string {
  if (us < 1) return `${trim(us * 1e3)}${NBSP}ns`;
  if (us < 1e3) return `${trim(us)}${NBSP}µs`;
  if (us < 1e6) return `${trim(us / 1e3)}${NBSP}ms`;
  return `${trim(us / 1e6)}${NBSP}s`;
}

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** 4096 to `4 KiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number.isInteger(value) ? value : significant(value)}${NBSP}${BYTE_UNITS[unit] ?? ""}`;
}

/** 1500 to `1.5 s`, 90 000 to `1 min 30 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${trim(ms)}${NBSP}ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${trim(seconds)}${NBSP}s`;
  const parts = [
    [Math.floor(seconds / 3600), "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [Math.round(seconds % 60), "s"],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${NBSP}${unit}`)
    .join(" ");
}

/** 0.153 to `15.3 %`. */
export function formatPercent(share: number): string {
  const percent = share * 100;
  return `${percent >= 99.95 || percent === 0 ? percent.toFixed(0) : percent.toPrecision(percent < 0.1 ? 1 : percent < 10 ? 2 : 3)}${NBSP}%`;
}

/** Wall clock ns since 1970 to `2026-03-01 09:30:00 UTC`. */
export function formatInstant(wallNs: bigint): string {
  return `${new Date(Number(wallNs / 1_000_000n)).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

function significant(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

function trim(value: number): string {
  return String(Number(value.toPrecision(4)));
}

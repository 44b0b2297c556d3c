import { assert } from "../kernel/assert.ts";
import { Unit } from "@salvo/proto/rule_pb.ts";

/** What reading a text gave: a value, or what is wrong with it, to be put behind the key's name ("must be ..."). */
export type Reading<T> = { readonly value: T } | { readonly problem: string };

interface Scale {
  readonly kind: string;
  readonly base: string;
  /** Largest first. */
  readonly units: readonly (readonly [name: string, factor: bigint])[];
  /** What people write instead, and the unit that they mean. */
  readonly slips: readonly (readonly [written: RegExp, meant: string])[];
}

const BYTES: Scale = {
  kind: "a size such as 4KiB (B, KiB, MiB, GiB, TiB)",
  base: "bytes",
  units: [
    ["TiB", 1n << 40n],
    ["GiB", 1n << 30n],
    ["MiB", 1n << 20n],
    ["KiB", 1n << 10n],
    ["B", 1n],
  ],
  slips: [
    [/^b(ytes?)?$/i, "B"],
    [/^ki?b?$/i, "KiB"],
    [/^mi?b?$/i, "MiB"],
    [/^gi?b?$/i, "GiB"],
    [/^ti?b?$/i, "TiB"],
  ],
};

const MILLISECONDS: Scale = {
  kind: "a time such as 10s (ms, s, m, h)",
  base: "milliseconds",
  units: [
    ["h", 3_600_000n],
    ["m", 60_000n],
    ["s", 1000n],
    ["ms", 1n],
  ],
  slips: [
    [/^(ms|msecs?|millis|milliseconds?)$/i, "ms"],
    [/^(s|secs?|seconds?)$/i, "s"],
    [/^(m|mins?|minutes?)$/i, "m"],
    [/^(h|hrs?|hours?)$/i, "h"],
  ],
};

/** What a value of the unit looks like, for errors and docs. */
export function quantityKind(unit: Unit): string {
  return scaleOf(unit).kind;
}

/** Reads `4KiB` as bytes, `1.5s` as milliseconds: a number and its unit, an exact multiple of the field's own unit. */
export function parseQuantity(text: string, unit: Unit): Reading<bigint> {
  const scale = scaleOf(unit);
  // 24 digits hold every 64-bit number of the smallest unit; BigInt takes quadratic time for unlimited ones.
  const match = /^(-?)(\d{1,24})(?:\.(\d{1,24}))? ?([A-Za-z]*)$/.exec(text);
  if (!match) return { problem: `must be ${scale.kind}, not ${quote(text)}` };
  const [, sign = "", whole = "", fraction = "", name = ""] = match;
  const number = fraction ? `${whole}.${fraction}` : whole;
  if (name === "") return { problem: `needs a unit: write ${withUnit(number, scale)}` };

  const factor = scale.units.find(([known]) => known === name)?.[1];
  if (factor === undefined) return { problem: wrongUnit(number, name, scale) };
  if (sign) return { problem: `must not be negative, but is ${text}` };

  const scaled = BigInt(whole + fraction) * factor;
  const divisor = 10n ** BigInt(fraction.length);
  if (scaled % divisor !== 0n) return { problem: `must be a whole number of ${scale.base}, but is ${text}` };
  return { value: scaled / divisor };
}

/** The shortest exact way to write a value: 65536 bytes is 64KiB, 90000 ms is 90s. */
export function formatQuantity(value: bigint, unit: Unit): string {
  const { units } = scaleOf(unit);
  const fitting = units.find(([, factor]) => value !== 0n && value % factor === 0n) ?? units.at(-1);
  assert(fitting, "a scale has units");
  return `${value / fitting[1]}${fitting[0]}`;
}

/** A text in quotation marks, cut to what fits in a message, and without the password of an address. */
export function quote(whole: string): string {
  const text = whole.replace(/\/\/.*@/s, "//...@");
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}

function wrongUnit(number: string, name: string, scale: Scale): string {
  const meant = scale.slips.find(([written]) => written.test(name))?.[1];
  if (meant !== undefined) {
    const size = scale === BYTES && meant !== "B" ? "; Salvo counts in powers of 1024" : "";
    return `has the unit ${quote(name)}: write ${number}${meant} if that is what you mean${size}`;
  }
  const other = scale === BYTES ? MILLISECONDS : BYTES;
  if (other.units.some(([known]) => known === name))
    return `must be ${scale.kind}; ${number}${name} is ${other.kind.split(" such")[0]}`;
  return `has the unknown unit ${quote(name)}: write ${scale.kind}`;
}

function withUnit(number: string, scale: Scale): string {
  if (scale === MILLISECONDS) return `${number}s if you mean seconds, ${number}ms if milliseconds`;
  const bytes = number.includes(".") ? undefined : formatQuantity(BigInt(number), Unit.BYTES);
  if (bytes === undefined) return `${number}MiB if you mean MiB`;
  return bytes === `${number}B` ? `${bytes} if you mean bytes, ${number}KiB if KiB` : `${bytes} if you mean bytes`;
}

function scaleOf(unit: Unit): Scale {
  assert(unit === Unit.BYTES || unit === Unit.MILLISECONDS, `unit ${unit} has no scale`);
  return unit === Unit.BYTES ? BYTES : MILLISECONDS;
}

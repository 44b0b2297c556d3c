/**
 * One line of an audit log: JSON without line breaks, its last field the SHA-256 of all bytes before it, and the field
 * before that the hash of the entry before. No byte of a line can change, and no line can go or come, unnoticed.
 */
import { createHash } from "node:crypto";
import { assert } from "../kernel/assert.ts";
import type { ErrorKind } from "../kernel/error.ts";

/** Flat, so that they fit a table; never a token, a key or a password. */
export type Details = Readonly<Record<string, string | number | boolean>>;

export interface Deed {
  /** The identity URI of the caller, or user@host. */
  readonly who: string;
  /** A method of the contract, or a command: "salvo.v1.AgentService/Arm", "token create". */
  readonly what: string;
  readonly details?: Details | undefined;
}

export type Happening = { readonly who: string; readonly what: string; readonly details: Details } & (
  | { /** It is about to be done. */ readonly kind: "begin" }
  | {
      /** It was done, or failed. */
      readonly kind: "end";
      /** The number of its begin. */
      readonly of: number;
      readonly result: "ok" | ErrorKind;
      /** Of a failure. */
      readonly message: string;
    }
  | { /** Nothing is done: what was learnt. */ readonly kind: "note" }
  | {
      /** Details tell the bytes and the hash of what stands before it, and is no entry: a crash cut it off. */ readonly kind: "torn";
    }
);

/** What the next entry follows. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

export type Entry = Happening & Head & { /** UTC. */ readonly at: string; readonly previous: string };

/** Before the first entry. */
export const START: Head = { seq: 0, hash: "0".repeat(64) };

export const LINE_BYTES_MAX = 256 * 1024;

/** The line, with its newline, and the head that it makes; of a happening that fits (fit.ts). */
export function writeLine(happening: Happening, atMs: number, { seq, hash }: Head): { line: string; head: Head } {
  const { kind, who, what, details, ...rest } = happening;
  const fields = { seq: seq + 1, at: new Date(atMs).toISOString(), kind, who, what, ...rest, details, previous: hash };
  const body = JSON.stringify(fields).slice(0, -1);
  const own = sha256(body);
  const line = `${body},"hash":"${own}"}\n`;
  assert(Buffer.byteLength(line) <= LINE_BYTES_MAX, `an audit entry of ${happening.what} is too long`);
  return { line, head: { seq: seq + 1, hash: own } };
}

/** `changed` has the shape of an entry, and another hash; `no-entry` may be what a crash has left of one. */
export type Flaw = "changed" | "no-entry";

const END_OF_LINE = /^,"hash":"([0-9a-f]{64})"\}$/;
const END_BYTES = ',"hash":"'.length + 64 + '"}'.length;

/** line: its bytes, without the newline. */
export function readLine(line: Uint8Array): Entry | Flaw {
  const [, own] = END_OF_LINE.exec(Buffer.from(line.subarray(-END_BYTES)).toString("latin1")) ?? [];
  if (own === undefined) return "no-entry";
  const body = line.subarray(0, -END_BYTES);
  if (sha256(body) !== own) return "changed";
  const entry = parse(line);
  return isEntry(entry) ? entry : "changed";
}

export function sha256(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

function parse(line: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
  } catch {
    return undefined; // whoever computed its hash did not write it as we do
  }
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== "object" || value === null) return false;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const texts = ["at", "who", "what", "previous", "hash"].every((name) => typeof fields[name] === "string");
  const { seq, kind, details, of, result } = fields;
  const known =
    kind === "begin" ||
    kind === "note" ||
    kind === "torn" ||
    (kind === "end" && Number.isSafeInteger(of) && typeof result === "string");
  return texts && known && Number.isSafeInteger(seq) && typeof details === "object" && details !== null;
}

import { readJournal, recover } from "@salvo/shared/journal/reader.ts";
import { openJournal } from "@salvo/shared/journal/writer.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { ConductorEvent } from "../domain/conductor-events.ts";

/** What the controller must not forget of a run, in the order it happened. JSON; nanoseconds as {"ns":"123"}. */
export type RunLogEntry = RunBegin | RunFact;

/** The first entry: what was decided when the run was made. */
export interface RunBegin {
  readonly type: "begin";
  readonly nonce: string;
  readonly bootId: string;
  /** One instant on both of the controller's clocks: wall = wallNs + (monotonic - monotonicNs). */
  readonly anchor: { readonly monotonicNs: bigint; readonly wallNs: bigint };
  readonly natsUrl: string;
}

export type RunFact =
  /** AgentDescription as protobuf JSON. */
  | { readonly type: "description"; readonly agent: string; readonly description: unknown }
  | { readonly type: "event"; readonly event: ConductorEvent };

export interface RunLog extends AsyncDisposable {
  /** What an earlier life of the controller wrote; empty for a new run. */
  readonly before: readonly RunLogEntry[];
  /** What of it was not whole and was set aside; sentences for the run's notes. */
  readonly notes: readonly string[];
  /** Resolves when all entries are on the disk: only then may anyone act on them. */
  append(...entries: RunLogEntry[]): Promise<void>;
}

export async function openRunLog(path: string): Promise<RunLog> {
  const journal = await openJournal(path, { flushMs: 0 });
  const before: RunLogEntry[] = [];
  for (let seq = 1; seq <= journal.durableSeq; seq = before.length + 1) {
    for (const { payload } of await journal.read(seq, journal.durableSeq)) before.push(decode(payload, path));
  }
  return {
    before,
    notes: journal.dropped
      ? [`${journal.dropped.bytes} bytes of the run log were not whole and were set aside: ${journal.dropped.reason}`]
      : [],
    async append(...entries) {
      for (const entry of entries) journal.append(Buffer.from(JSON.stringify(entry, writeNs)));
      await journal.flush();
    },
    [Symbol.asyncDispose]: () => journal.close(),
  };
}

/** All whole entries of a run log, also while its controller goes on writing; for whoever only wants to look at it. */
export async function readRunLog(path: string): Promise<RunLogEntry[]> {
  const { lastSeq } = await recover(path);
  const entries: RunLogEntry[] = [];
  for await (const { payload } of readJournal(path, { lastSeq })) entries.push(decode(payload, path));
  return entries;
}

function decode(payload: Uint8Array, path: string): RunLogEntry {
  try {
    // Written by us and guarded by the journal's checksum.
    return JSON.parse(Buffer.from(payload).toString(), readNs) as RunLogEntry;
  } catch (error) {
    throw new SalvoError("corrupt", "the run log has an entry that cannot be read", { file: path, cause: error });
  }
}

function writeNs(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? { ns: value.toString() } : value;
}

function readNs(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("ns" in value) || Object.keys(value).length !== 1) return value;
  return typeof value.ns === "string" ? BigInt(value.ns) : value;
}

import type { Record } from "@salvo/proto/telemetry_pb.ts";

/** Of this many runs' agents something is remembered; a tail may go on for months. */
const AGENTS_MAX = 10_000;

/**
 * When records happened, ns since 1970. Their own times are the agent's monotonic clock, and what the bus knows is when each
 * was stored: later, and by hours when there was no bus meanwhile. So the least that storing was ever behind an agent's
 * clock is taken for the difference of the two.
 */
export interface TailTimes {
  wallNs(run: string, agent: string, storedAtNs: bigint, record: Record): bigint;
}

export function createTailTimes(): TailTimes {
  const agents = new Map<string, { readonly leastNs: bigint; readonly instantNs: bigint; readonly wallNs: bigint }>();
  return {
    wallNs(run, agent, storedAtNs, record) {
      const key = `${run} ${agent}`;
      const offsetNs = storedAtNs - record.atNs;
      const last = agents.get(key);
      const leastNs = last === undefined || offsetNs < last.leastNs ? offsetNs : last.leastNs;
      const instantNs = instantOf(record);
      const guessNs = instantNs + leastNs;
      // A tail that begins in a backlog learns better with every record: what is later is still told as later.
      const wallNs = last && instantNs > last.instantNs && guessNs <= last.wallNs ? last.wallNs + 1n : guessNs;
      remember(agents, key, { leastNs, instantNs, wallNs });
      return wallNs;
    },
  };
}

/** Of a sample the instant that it is of, on the agent's clock; else when it was written. */
function instantOf({ atNs, body }: Record): bigint {
  if (body.case === "fio") return body.value.countedAtNs || body.value.takenAtNs;
  return body.case === "cpu" || body.case === "disk" || body.case === "net" ? body.value.takenAtNs : atNs;
}

/** So far behind the highest number nothing new comes: agents wait for the acks of 8 batches of 1000 records. */
const WINDOW_RECORDS = 65_536;

/** Which records were here already: the bus may bring one twice. */
export function createSeen(): (run: string, agent: string, seq: number) => boolean {
  const agents = new Map<string, Seen>();
  return (run, agent, seq) => {
    const key = `${run} ${agent}`;
    const known = agents.get(key) ?? { highest: 0, bits: new Uint8Array(WINDOW_RECORDS / 8) };
    remember(agents, key, known);
    if (seq <= known.highest - WINDOW_RECORDS) return true;
    moveUp(known, seq);
    const at = seq % WINDOW_RECORDS;
    const before = known.bits[at >> 3] ?? 0;
    known.bits[at >> 3] = before | (1 << (at & 7));
    return known.bits[at >> 3] === before;
  };
}

interface Seen {
  highest: number;
  /** One for each of the numbers up to the highest, by number modulo the window. */
  readonly bits: Uint8Array;
}

function moveUp(seen: Seen, seq: number): void {
  if (seq - seen.highest >= WINDOW_RECORDS) seen.bits.fill(0);
  else
    for (let passed = seen.highest + 1; passed <= seq; passed++) {
      const at = passed % WINDOW_RECORDS;
      seen.bits[at >> 3] = (seen.bits[at >> 3] ?? 0) & ~(1 << (at & 7));
    }
  seen.highest = Math.max(seen.highest, seq);
}

/** What was not heard of for longest is forgotten. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= AGENTS_MAX) return;
    map.delete(oldest);
  }
}

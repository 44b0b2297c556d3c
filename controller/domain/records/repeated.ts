/** Samples and last words that an agent gives once: a second one would be counted twice. Pure. */
import type { Record } from "@salvo/proto/telemetry_pb.ts";
import type { RecordProblem } from "./problem.ts";

/** Takes an agent's records, ascending by seq; undefined for the first of its kind. Only what was judged sound may be given. */
export type RepeatedRecords = (agent: string, record: Record) => RecordProblem | undefined;

/** A disk sample may be of one of several disks: so many of one agent are told apart. */
const SERIES_MAX = 1024;

export function createRepeatedRecords(): RepeatedRecords {
  const agents = new Map<string, Map<string, Ticks>>();
  const nics = new Map<string, Set<string>>();

  function ticksOf(agent: string, series: string): Ticks | undefined {
    let known = agents.get(agent);
    if (!known) agents.set(agent, (known = new Map()));
    let ticks = known.get(series);
    if (!ticks && known.size < SERIES_MAX) known.set(series, (ticks = createTicks()));
    return ticks;
  }

  /** Names of NICs are kept, too: so many of one agent are told apart. */
  function nicsProblem(agent: string, body: Record["body"]): RecordProblem | undefined {
    if (body.case !== "net") return undefined;
    let known = nics.get(agent);
    if (!known) nics.set(agent, (known = new Set()));
    for (const { name } of body.value.nics) {
      if (known.size >= SERIES_MAX && !known.has(name))
        return { what: "is of one NIC too many", detail: `${SERIES_MAX} are told apart` };
      known.add(name);
    }
    return undefined;
  }

  return (agent, { body }) => {
    const tooMany = nicsProblem(agent, body);
    if (tooMany) return tooMany;
    const series = seriesOf(body);
    if (series === undefined) return undefined;
    const tick = body.value && "tick" in body.value ? body.value.tick : 0;
    const ticks = ticksOf(agent, series);
    if (!ticks) return { what: "is of one disk too many", detail: `${SERIES_MAX} are told apart` };
    if (ticks.add(tick)) return undefined;
    return { what: "tells once more what another record has told", detail: `${series}, tick ${tick}` };
  };
}

function seriesOf(body: Record["body"]): string | undefined {
  switch (body.case) {
    case "fio":
    case "final":
      return `${body.case} ${body.value.participant}`;
    case "disk":
      return `disk ${body.value.participant} ${body.value.disk}`;
    case "cpu":
    case "net":
      return body.case;
    case "event":
    case "start":
    case "end":
    case "hostClock":
    case "cpuLimit":
    case undefined:
    default:
      return undefined;
  }
}

interface Ticks {
  /** False when it was there. */
  add(tick: number): boolean;
}

/** A bit for each tick, up to the highest there is. */
function createTicks(): Ticks {
  let bits = new Uint8Array(64);
  return {
    add(tick) {
      const at = tick >>> 3;
      if (at >= bits.length) {
        const grown = new Uint8Array(Math.max(at + 1, 2 * bits.length));
        grown.set(bits);
        bits = grown;
      }
      const before = bits[at] ?? 0;
      bits[at] = before | (1 << (tick & 7));
      return bits[at] !== before;
    },
  };
}

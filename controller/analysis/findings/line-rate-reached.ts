import type { PathCheck } from "@salvo/proto/path_pb.ts";
import { greatest } from "@salvo/shared/kernel/extremes.ts";
import type { FindingFacts, ParticipantFigures } from "./facts.ts";
import { type Found, percent } from "./rule.ts";

/** Heads of packets and of the protocol take the rest. */
const SHARE_MIN = 0.88;
const MIB_PER_MBIT = 1e6 / 8 / 2 ** 20;

/** A guest moves as much in one direction as its link carries. Reads and writes go opposite ways on a link. */
export function lineRateReached({ spec, participants }: FindingFacts): Found[] {
  const byAgent = Map.groupBy(participants, ({ agent }) => agent);
  return [...byAgent].flatMap(([agent, own]): Found[] => {
    const rate = rateOf((spec.storage?.checks ?? []).filter(({ from }) => from === agent));
    if (!rate) return [];
    const [direction, moved] = busierDirection(own);
    const share = moved / rate.mibPerSec;
    if (share < SHARE_MIN) return [];
    const known = rate.isMeasured ? "the channel check measured" : "the link's speed allows";
    return [
      {
        name: "line-rate-reached",
        sentence: `${agent} ${direction} ${Math.round(moved)} MiB/s, ${percent(share)} of what ${known}`,
        evidence: [
          { what: `${direction} in the window`, value: moved, unit: "MiB/s", agent },
          {
            what: rate.isMeasured ? "measured rate of the channel" : "speed of the link",
            value: rate.mibPerSec,
            unit: "MiB/s",
            agent,
          },
        ],
        confidence: rate.isMeasured ? "high" : "medium",
        next: "Add a link or a faster one; more queue depth only adds latency now",
      },
    ];
  });
}

interface Rate {
  readonly mibPerSec: number;
  readonly isMeasured: boolean;
}

/** Of all ways of a guest together: each address is a way. */
function rateOf(checks: readonly PathCheck[]): Rate | undefined {
  const ways = [...Map.groupBy(checks, ({ address }) => address).values()].map((way) => {
    const measured = greatest(
      way.map(({ mibPerSec }) => mibPerSec),
      0,
    );
    const lineMbps = greatest(
      way.map(({ lineRateMbps }) => lineRateMbps),
      0,
    );
    return { mibPerSec: measured > 0 ? measured : lineMbps * MIB_PER_MBIT, isMeasured: measured > 0 };
  });
  if (ways.length === 0 || ways.some(({ mibPerSec }) => mibPerSec === 0)) return undefined;
  return {
    mibPerSec: ways.reduce((sum, { mibPerSec }) => sum + mibPerSec, 0),
    isMeasured: ways.every(({ isMeasured }) => isMeasured),
  };
}

function busierDirection(
  own: readonly ParticipantFigures[],
): readonly [direction: "read" | "wrote", mibPerSec: number] {
  const sum = (direction: "read" | "write") =>
    own.reduce((all, { totals }) => all + (totals[direction]?.mibPerSec ?? 0), 0);
  return sum("read") >= sum("write") ? ["read", sum("read")] : ["wrote", sum("write")];
}

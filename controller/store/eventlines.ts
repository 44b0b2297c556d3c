import { type CpuQuota, EventKindSchema, OutcomeSchema, type Record } from "@salvo/proto/telemetry_pb.ts";
import { unreachable } from "@salvo/shared/kernel/assert.ts";
import { enumName } from "./enum-name.ts";
import type { WallClock } from "./tables.ts";

/** events.jsonl: what happened in a run, a JSON object a line, by time. */
export interface EventLines {
  /** Keeps the record unless it is a sample. */
  add(agent: string, record: Record): void;
  text(): string;
}

/**
 * tNs is the controller's wall clock, ns since 1970, as a text, since JSON numbers are not exact there; it is null when the
 * agent's clock was not known yet. kind is an EventKind's name, or start, final or end.
 */
export function createEventLines(wall: WallClock): EventLines {
  const lines: { readonly atNs: bigint; readonly text: string }[] = [];
  return {
    add(agent, { seq, atNs, body }) {
      const told = tell(body, (ns) => wall(agent, ns)?.toString() ?? null);
      if (!told) return;
      const tNs = wall(agent, atNs);
      lines.push({ atNs: tNs ?? 0n, text: JSON.stringify({ tNs: tNs?.toString() ?? null, agent, seq, ...told }) });
    },
    text() {
      lines.sort((a, b) => Number(a.atNs - b.atNs)); // Stable: what is equal stays by agent and seq.
      return lines.map(({ text }) => `${text}\n`).join("");
    },
  };
}

function tell(body: Record["body"], wallNs: (agentNs: bigint) => string | null): object | undefined {
  switch (body.case) {
    case "event": {
      const { kind, participant, text } = body.value;
      return { kind: enumName(EventKindSchema, kind), participant, text };
    }
    case "start": {
      const { participant, releasedAtNs, earliestNs, latestNs } = body.value;
      const times = { releasedNs: wallNs(releasedAtNs), earliestNs: wallNs(earliestNs), latestNs: wallNs(latestNs) };
      return { kind: "start", participant, ...times };
    }
    case "final":
      return { kind: "final", participant: body.value.participant, exitCode: body.value.exitCode };
    case "hostClock": {
      const { offsetNs, boundNs, rttNs } = body.value;
      const estimate = { offsetNs: offsetNs.toString(), boundNs: boundNs.toString(), rttNs: rttNs.toString() };
      return { kind: "host-clock", ...estimate };
    }
    case "cpuLimit": {
      const { participant, over, allowedCpus, onlineCpus } = body.value;
      const quotas = body.value.quotas.map(quotaFacts);
      return { kind: "cpu-limit", participant, over, quotas, allowedCpus, onlineCpus };
    }
    case "end":
      return { kind: "end", outcome: enumName(OutcomeSchema, body.value.outcome), text: body.value.reason };
    case "fio":
    case "cpu":
    case "disk":
    case "net":
    case undefined:
      return undefined;
    default:
      return unreachable(body);
  }
}

/** As numbers: a run has far fewer than 2^53 of anything here. */
function quotaFacts({ cgroup, quotaUs, periodUs, periods, throttledPeriods, throttledUs }: CpuQuota): object {
  const limit = { cgroup, quotaUs: Number(quotaUs), periodUs: Number(periodUs) };
  const cost = { periods: Number(periods), throttledPeriods: Number(throttledPeriods) };
  return { ...limit, ...cost, throttledUs: Number(throttledUs) };
}

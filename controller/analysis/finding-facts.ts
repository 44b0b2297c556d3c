/** What the rules of findings look at, made of what a run's records told. Pure. */
import { Role } from "@salvo/proto/lab_pb.ts";
import type { RunSpec, Spread, Totals } from "@salvo/proto/run_pb.ts";
import { greatest } from "@salvo/shared/kernel/extremes.ts";
import { nsToMs } from "@salvo/shared/kernel/time.ts";
import type { KnownClock } from "./clocks.ts";
import { diskUsers } from "./disk-users.ts";
import type { RunFacts } from "./facts.ts";
import type { FindingFacts, HostFigures } from "./findings/facts.ts";
import type { Measured } from "./measured.ts";
import type { AgentOutline } from "./outline.ts";
import { hostsByAgent, sharedDisks } from "./shared-disks.ts";
import type { WidestProof } from "./spread.ts";
import type { Stall } from "./stalls.ts";

interface Source {
  readonly spec: RunSpec;
  readonly facts: RunFacts;
  /** In no total. */
  readonly lost: readonly string[];
  readonly outlines: readonly AgentOutline[];
  readonly measured: Measured;
  readonly totals: Totals;
  /** In the window. */
  readonly within: readonly Stall[];
  readonly spread: Spread | undefined;
  readonly found: { readonly proof: WidestProof | undefined; readonly clocks: readonly KnownClock[] };
}

export function findingFacts(source: Source): FindingFacts {
  const { spec, facts, lost, outlines, measured, totals, within, spread, found } = source;
  const lasting = spec.participants.filter(({ agent }) => !lost.includes(agent));
  const kept = new Set(lasting.map(({ id }) => id));
  const users = diskUsers(spec, measured, outlines).filter(({ participant }) => kept.has(participant));
  const clockBoundsMs = found.clocks.map(({ boundNs }) => nsToMs(boundNs));
  return {
    spec,
    hosts: hostsOf(source),
    participants: lasting.flatMap(({ id, agent }) => {
      const own = measured.totalsOf(id);
      return own ? [{ id, agent, totals: own }] : [];
    }),
    disks: sharedDisks(users, facts.agents),
    queues: measured.queues().filter(({ participant }) => kept.has(participant)),
    totals,
    stalls: within,
    start: spread && {
      spreadMs: spread.max,
      boundMs: nsToMs(found.proof?.boundNs ?? 0n),
      clockBoundMs: greatest(clockBoundsMs, 0),
    },
  };
}

/** Each agent reads the cores of its whole host: the first that has samples stands for it. */
function hostsOf({ spec, facts, lost, measured }: Source): HostFigures[] {
  const hostOf = hostsByAgent(facts.agents);
  const lasting = spec.agents.filter(({ id }) => !lost.includes(id));
  const byHost = [...Map.groupBy(lasting, ({ id }) => hostOf.get(id) ?? id).values()];
  return byHost.flatMap((onHost) => {
    const agents = onHost.map(({ id }) => id);
    const agent = agents.find((id) => measured.coreTimes().has(id));
    const cores = agent === undefined ? undefined : measured.coreTimes().get(agent);
    if (agent === undefined || !cores) return [];
    const isGuest = spec.participants.some((participant) => agents.includes(participant.agent));
    return [{ agent, agents, cores, isGuest, isTarget: onHost.some(({ roles }) => roles.includes(Role.TARGET)) }];
  });
}

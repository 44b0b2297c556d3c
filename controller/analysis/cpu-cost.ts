/** What I/O costs in processor time, by the role of the hosts that spend it. Pure. */
import { create } from "@bufbuild/protobuf";
import type { AgentDescription } from "@salvo/proto/agent_pb.ts";
import { Role } from "@salvo/proto/lab_pb.ts";
import { type CpuCost, CpuCostSchema, type RunSpec } from "@salvo/proto/run_pb.ts";
import { isObserver } from "../domain/observer.ts";
import type { CoreSum } from "./core-sums.ts";
import { hostsByAgent } from "./shared-disks.ts";

export interface Spent {
  readonly spec: RunSpec;
  readonly agents: readonly AgentDescription[];
  /** Of agents that lasted, in the window. */
  readonly coreTimes: ReadonlyMap<string, readonly CoreSum[]>;
  readonly windowSeconds: number;
  readonly iops: number;
}

type Kind = "guests" | "targets" | "hypervisors";

const PER_IOS = 100_000;

/** Undefined where nothing can be said: no I/O, or no host whose time is of one role. */
export function cpuCostOf({ spec, agents, coreTimes, windowSeconds, iops }: Spent): CpuCost | undefined {
  if (!(iops > 0) || !(windowSeconds > 0)) return undefined;
  const hostOf = hostsByAgent(agents);
  const hosts = Map.groupBy(spec.agents, ({ id }) => hostOf.get(id) ?? id);
  const spent = new Map<Kind, number>();
  const unclear = new Set<Kind>();
  for (const onHost of hosts.values()) {
    const kinds = new Set(onHost.flatMap((agent) => kindOf(spec, agent) ?? []));
    // Each agent reads the cores of its whole host: one of them is enough.
    const cores = onHost.map(({ id }) => coreTimes.get(id)).find((known) => known !== undefined);
    for (const kind of kinds) {
      if (kinds.size > 1 || !cores) unclear.add(kind);
      else spent.set(kind, (spent.get(kind) ?? 0) + busySeconds(cores));
    }
  }
  const told = [...spent].filter(([kind]) => !unclear.has(kind));
  if (told.length === 0) return undefined;
  const perIos = PER_IOS / (iops * windowSeconds);
  return create(CpuCostSchema, Object.fromEntries(told.map(([kind, seconds]) => [kind, seconds * perIos])));
}

function kindOf({ participants }: RunSpec, agent: RunSpec["agents"][number]): Kind | undefined {
  if (participants.some((participant) => participant.agent === agent.id)) return "guests";
  if (!isObserver(agent)) return undefined;
  if (agent.roles.includes(Role.TARGET)) return "targets";
  return agent.roles.includes(Role.HYPERVISOR) ? "hypervisors" : undefined;
}

/** Time that the hypervisor took was wanted, but not spent. */
function busySeconds(cores: readonly CoreSum[]): number {
  return cores.reduce((sum, { busyMs, stealMs }) => sum + busyMs - stealMs, 0) / 1000;
}

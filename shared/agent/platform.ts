import type { Host } from "@salvo/proto/agent_pb.ts";
import { Role } from "@salvo/proto/lab_pb.ts";
import type { Workloads } from "./fio/workloads.ts";
import type { HostTime } from "./host-time.ts";
import type { Disks } from "./guard/disks.ts";
import type { PathTools } from "./path/tools.ts";
import type { InitiatorProvider, ProviderDeps, TargetProvider } from "./provision/provider.ts";
import type { HostClock } from "./sampler/host-clock.ts";
import type { Sampler } from "./sampler/sampler.ts";

/** What every agent can tell of the host that it speaks for. */
export interface HostFacts {
  /** For people and for comparing runs; asked once. */
  describeHost(): Promise<Host>;
  /** Changes when the host starts anew. */
  bootId(): string;
}

/**
 * What differs between the systems that agents run on, by capability. A platform offers a capability as a whole, or does not have
 * it at all: no method of one says that it is not there. Each agent program brings its platform.
 */
export interface Platform extends HostFacts {
  /** Every agent samples: that makes it an observer at least. */
  readonly sampler: Sampler;
  /** There when the agent samples another host than its own: the sampler stamps its readings by that host's clock. */
  readonly hostClock?: HostClock;
  /** Without it, as Linux has it. */
  readonly time?: HostTime;
  /** The role `workload`. */
  readonly workloads?: Workloads;
  /** Raw disks as devices of workloads, and as volumes of a target. */
  readonly disks?: Disks;
  /** The role `target`. */
  readonly target?: (deps: ProviderDeps) => TargetProvider;
  /** The role `initiator`. */
  readonly initiator?: (deps: ProviderDeps) => InitiatorProvider;
  /** For both of these roles. */
  readonly path?: PathTools;
}

/** The roles that an agent on the platform can serve. Its certificate may grant fewer. */
export function offeredRoles({ workloads, target, initiator }: Platform): Role[] {
  return [
    ...(workloads ? [Role.WORKLOAD] : []),
    ...(target ? [Role.TARGET] : []),
    ...(initiator ? [Role.INITIATOR] : []),
  ];
}

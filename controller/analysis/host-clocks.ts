/** Clocks of hosts that agents sample from elsewhere. A time on such a host is known to the agent's bound and the host's together. */
import { create } from "@bufbuild/protobuf";
import { AgentHostClocksSchema, type AgentHostClocks } from "@salvo/proto/run_pb.ts";
import type { HostClock } from "@salvo/proto/telemetry_pb.ts";
import { driftNs, jumpNs } from "@salvo/shared/clock/offset.ts";
import type { Clocks } from "./clocks.ts";

/**
 * The last estimate before T0 and the last one after it, of those that an agent wrote. Undefined for an agent that samples its own
 * host, and so wrote none. Of a run without T0 all are from before it.
 */
export function hostClocksOf(
  { agent, hostClocks }: { readonly agent: string; readonly hostClocks: readonly HostClock[] },
  clocks: Pick<Clocks, "afterT0">,
): AgentHostClocks | undefined {
  if (hostClocks.length === 0) return undefined;
  const isLater = ({ atNs }: HostClock) => (clocks.afterT0(agent, atNs)?.ns ?? -1n) >= 0n;
  const before = hostClocks.findLast((each) => !isLater(each));
  const after = hostClocks.findLast(isLater);
  return create(AgentHostClocksSchema, { agent, ...(before && { before }), ...(after && { after }) });
}

/** What it adds to the bound of the agent's own clock where the estimates were made. */
export function hostBoundNs(clocks: AgentHostClocks | undefined): bigint {
  const bounds = [clocks?.before?.boundNs ?? 0n, clocks?.after?.boundNs ?? 0n];
  return bounds.reduce((worst, boundNs) => (boundNs > worst ? boundNs : worst), 0n);
}

/**
 * The same at the worst instant of a run that ends at `endNs`, ns after T0. The agent brings all readings onto its own clock by the
 * first estimate, so whatever the second one differs by is an error of the last readings. Without a second one it may be all
 * that clocks can drift.
 */
export function hostBoundInRunNs(
  known: AgentHostClocks | undefined,
  clocks: Pick<Clocks, "afterT0">,
  endNs: bigint,
): bigint {
  const { before, after } = known ?? {};
  if (!known || !before) return hostBoundNs(known);
  const beforeEndNs = endNs - (clocks.afterT0(known.agent, before.atNs)?.ns ?? 0n);
  const apartNs = after ? after.offsetNs - before.offsetNs : driftNs(beforeEndNs);
  const byThenNs = (after ?? before).boundNs + (apartNs < 0n ? -apartNs : apartNs);
  return byThenNs > before.boundNs ? byThenNs : before.boundNs;
}

/** Whether the host's clock was not the same one throughout. */
export function hasJumped({ before, after }: AgentHostClocks): boolean {
  return before !== undefined && after !== undefined && jumpNs(before, after) > 0n;
}

/**
 * What a reader has to know before comparing a run's figures with others: RunSummary.warnings, which the run table, `--json`
 * and the head of the report show. What only explains the run itself is a note (notes.ts).
 */
import { greatest, least } from "@salvo/shared/kernel/extremes.ts";
import type { AgentDescription } from "@salvo/proto/agent_pb.ts";
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import { cpuWarnings } from "./cpu-limits.ts";
import { diskUsers } from "./disk-users.ts";
import type { Measured } from "./measured.ts";
import type { AgentOutline } from "./outline.ts";
import { list } from "./sentences.ts";
import { type SharedDisk, sharedDisks } from "./shared-disks.ts";

export interface WarningFacts {
  readonly spec: RunSpec;
  readonly agents: readonly AgentDescription[];
  /** Of agents that lasted. */
  readonly outlines: readonly AgentOutline[];
  readonly measured: Measured | undefined;
}

/** Gives a sentence for each thing that it finds. One file for each subject; listed below. */
export type Warn = (facts: WarningFacts) => readonly string[];

const WARNINGS: readonly Warn[] = [busyGenerators, cpus, otherUsers];

export function warningsOn(facts: WarningFacts): string[] {
  return WARNINGS.flatMap((warn) => warn(facts));
}

/** Above this the load generator itself may be what was measured. */
const BUSY_SHARE_MAX = 0.9;

function busyGenerators({ spec, measured }: WarningFacts): string[] {
  const generators = new Set(spec.participants.map(({ agent }) => agent));
  const busy = [...(measured?.busyShares() ?? [])].filter(
    ([agent, share]) => generators.has(agent) && share > BUSY_SHARE_MAX,
  );
  if (busy.length === 0) return [];
  const shares = busy.map(([, share]) => Math.round(share * 100));
  const [from, to] = [least(shares), greatest(shares)];
  const percent = from === to ? `${to} %` : `${from} to ${to} %`;
  const one = busy.length === 1;
  const who = `${list(busy.map(([agent]) => agent))} ${one ? "was" : "were"} ${percent} busy`;
  return [`${who} on all ${one ? "its" : "their"} cores: the load generator may be the bottleneck`];
}

function cpus({ spec, outlines, measured }: WarningFacts): string[] {
  const generators = new Set(spec.participants.map(({ agent }) => agent));
  const cores = [...(measured?.coreTimes() ?? [])].filter(([agent]) => generators.has(agent));
  return cpuWarnings({ spec, outlines, cores: new Map(cores) });
}

/** A file system writes a little more than it is given. */
const OTHERS_SHARE_MIN = 0.1;

function otherUsers({ spec, agents, measured, outlines }: WarningFacts): string[] {
  if (!measured) return [];
  const users = diskUsers(spec, measured, outlines);
  return sharedDisks(users, agents).flatMap((disk) => otherUserOf(disk));
}

function otherUserOf({ users, fioBytes, diskBytes = 0 }: SharedDisk): string[] {
  if (fioBytes === 0 || diskBytes <= fioBytes * (1 + OTHERS_SHARE_MIN)) return [];
  const more = Math.round((diskBytes / fioBytes - 1) * 100);
  const whose = list(users.map(({ participant }) => participant));
  const asked = users.length > 1 ? "these participants together" : "fio";
  return [
    `the disk of ${whose} moved ${more} % more than ${asked} asked for: another user, or a layer that writes more than it is given`,
  ];
}

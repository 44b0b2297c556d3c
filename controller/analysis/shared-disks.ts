/** Which participants share one disk of one host: each of them reads the counters of all. Pure. */
import { greatest } from "@salvo/shared/kernel/extremes.ts";
import type { AgentDescription } from "@salvo/proto/agent_pb.ts";

export interface DiskUser {
  readonly participant: string;
  readonly agent: string;
  /** By its name in the agent's own file. */
  readonly device: string;
  /** The host's name of the disk; empty when nobody told. */
  readonly disk: string;
  readonly fioBytes: number;
  /** What the disk counted in the same time; undefined without counters. */
  readonly diskBytes: number | undefined;
}

export interface SharedDisk {
  readonly users: readonly DiskUser[];
  /** Of all users together. */
  readonly fioBytes: number;
  /** Of the disk: each user's counters are of all of it. Undefined when nobody has any. */
  readonly diskBytes: number | undefined;
}

/** Two counts that are read an instant apart differ by so much, with I/O in flight. */
export const COUNTS_TOLERANCE = 0.02;

/**
 * A disk for each group of users. Two are on one disk when they are on one host and the host's name for it, or the path of
 * their file, is the same. Where no name is told, files of one host are on one disk when it counted all that they did together.
 */
export function sharedDisks(users: readonly DiskUser[], agents: readonly AgentDescription[]): SharedDisk[] {
  const hostOf = hostsByAgent(agents);
  const pathOf = (user: DiskUser) =>
    agents.find(({ id }) => id === user.agent)?.devices.find(({ name }) => name === user.device)?.path ?? "";
  const place = (user: DiskUser) => {
    const path = pathOf(user);
    const what = user.disk !== "" ? `disk ${user.disk}` : path !== "" ? `file ${path}` : `only ${user.participant}`;
    return JSON.stringify([hostOf.get(user.agent) ?? user.agent, what]);
  };
  const groups = [...Map.groupBy(users, place).values()];
  const unnamed = groups.filter(([first]) => first && first.disk === "" && pathOf(first) !== "");
  const named = groups.filter((group) => !unnamed.includes(group));
  const perHost = Map.groupBy(unnamed, ([first]) => hostOf.get(first?.agent ?? "") ?? first?.agent);
  return [...named, ...[...perHost.values()].flatMap(together)].map(sumOf);
}

function together(groups: readonly (readonly DiskUser[])[]): (readonly DiskUser[])[] {
  const all = groups.flat();
  const { fioBytes } = sumOf(all);
  const seesAll = ({ diskBytes }: DiskUser) =>
    diskBytes !== undefined && diskBytes >= fioBytes * (1 - COUNTS_TOLERANCE) && fioBytes > 0;
  return groups.length > 1 && all.every(seesAll) ? [all] : [...groups];
}

function sumOf(users: readonly DiskUser[]): SharedDisk {
  const counted = users.flatMap(({ diskBytes }) => diskBytes ?? []);
  return {
    users,
    fioBytes: users.reduce((sum, { fioBytes }) => sum + fioBytes, 0),
    diskBytes: counted.length > 0 ? greatest(counted) : undefined,
  };
}

/** Agents with the same host name and boot are on one host. */
export function hostsByAgent(agents: readonly AgentDescription[]): ReadonlyMap<string, string> {
  return new Map(agents.map(({ id, host, bootId }) => [id, JSON.stringify([host?.name, bootId || id])]));
}

/** What an initiator sees through its ports: discovery, logins, and the disks behind the sessions. Pure. */
import type { AdapterConfig, HostState, IscsiAdapter, Lun, Session, Target, Vmk } from "../state/state.ts";

const ISID_PREFIX = "00023d";

export function configOf(state: HostState, adapter: string): AdapterConfig {
  const found = state.iscsi.configs.find((config) => config.adapter === adapter);
  if (found !== undefined) return found;
  const made: AdapterConfig = { adapter, ports: [], sendTargets: [], staticTargets: [], params: {} };
  state.iscsi.configs.push(made);
  return made;
}

/** Targets that an adapter knows: those named by hand, and all that the discovery portals name. */
export function knownTargets(state: HostState, adapter: IscsiAdapter): { target: Target; portal: string }[] {
  const config = configOf(state, adapter.name);
  const known = config.staticTargets.flatMap(({ address, iqn }) =>
    state.outside.targets
      .filter((target) => target.iqn === iqn && target.portals.includes(address))
      .map((target) => ({ target, portal: address })),
  );
  const discovered = config.sendTargets.flatMap((address) =>
    portsTo(state, adapter, address).length === 0
      ? []
      : state.outside.targets
          .filter(({ portals }) => portals.includes(address))
          .flatMap((target) => target.portals.map((portal) => ({ target, portal }))),
  );
  const seen = new Set<string>();
  return [...known, ...discovered].filter(({ target, portal }) => {
    const key = `${target.iqn},${portal}`;
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}

/** Logs in wherever a session is missing. */
export function login(state: HostState, adapter: IscsiAdapter, nowMs: number): void {
  for (const { target, portal } of knownTargets(state, adapter))
    for (const vmk of portsTo(state, adapter, portal)) {
      const there = state.iscsi.sessions.filter(
        (session) =>
          session.adapter === adapter.name &&
          session.target === target.iqn &&
          session.vmk === vmk.name &&
          session.portal === portal,
      );
      if (adapter.driver === "iser" && !target.iser) continue;
      for (let count = there.length; count < state.settings.sessionsPerPortal; count += 1)
        addSession(state, adapter, target.iqn, portal, vmk.name, nowMs);
    }
}

export function addSession(
  state: HostState,
  adapter: IscsiAdapter,
  iqn: string,
  portal: string,
  vmk: string,
  nowMs: number,
): Session {
  const mine = state.iscsi.sessions.filter(({ adapter: name }) => name === adapter.name);
  const same = mine.filter(({ target }) => target === iqn);
  const targets = [...new Set(mine.map(({ target }) => target))];
  const free = (taken: readonly number[]) =>
    Array.from({ length: taken.length + 1 }, (_, index) => index).find((each) => !taken.includes(each)) ?? 0;
  state.counter += 1;
  const channel = free(same.map((session) => session.channel));
  const session: Session = {
    adapter: adapter.name,
    target: iqn,
    // Captures of one path a port count by one: 1, 2; of two by two: 1, 3.
    isid: `${ISID_PREFIX}${(channel + 1).toString(16).padStart(6, "0")}`,
    tsih: 13 + state.counter,
    channel,
    targetNumber:
      same[0]?.targetNumber ??
      free(targets.map((each) => mine.find(({ target }) => target === each)?.targetNumber ?? 0)),
    vmk,
    portal,
    madeMs: nowMs,
  };
  state.iscsi.sessions.push(session);
  return session;
}

/** The vmkernel ports that an adapter reaches an address by. iSER needs bound ports; TCP without any takes what routing gives. */
export function portsTo(state: HostState, adapter: IscsiAdapter, portal: string): Vmk[] {
  const address = portal.replace(/:\d+$/, "");
  const bound = configOf(state, adapter.name).ports;
  const reachable = state.network.vmks.filter((vmk) => vmk.enabled && isUp(state, vmk) && sameNet(vmk, address));
  if (bound.length > 0) return reachable.filter(({ name }) => bound.includes(name));
  return adapter.driver === "iser" ? [] : reachable.slice(0, 1);
}

function isUp(state: HostState, vmk: Vmk): boolean {
  return uplinksOf(state, vmk).some((uplink) =>
    state.network.nics.some((nic) => nic.name === uplink && nic.adminUp && nic.linkUp),
  );
}

export function uplinksOf(state: HostState, vmk: Vmk): string[] {
  return (
    state.network.vSwitches.find(({ portGroups }) => portGroups.some(({ name }) => name === vmk.portGroup))?.uplinks ??
    []
  );
}

function sameNet({ ipv4 }: Vmk, address: string): boolean {
  const masked = (each: string): string =>
    each
      .split(".")
      .map((part, index) => Number(part) & Number(ipv4.netmask.split(".")[index] ?? 0))
      .join(".");
  return ipv4.type !== "none" && masked(ipv4.address) === masked(address);
}

export interface Path {
  readonly adapter: string;
  readonly session: Session;
  readonly target: Target;
  readonly lun: Lun;
  /** vmhba64:C0:T1:L2. */
  readonly runtimeName: string;
}

export function pathsOf(state: HostState): Path[] {
  return state.iscsi.sessions.flatMap((session) =>
    state.outside.targets
      .filter(({ iqn }) => iqn === session.target)
      .flatMap((target) =>
        target.luns.map((lun) => ({
          adapter: session.adapter,
          session,
          target,
          lun,
          runtimeName: `${session.adapter}:C${session.channel}:T${session.targetNumber}:L${lun.lun}`,
        })),
      ),
  );
}

/** A rescan logs in, and then knows the disks that there are. */
export function rescan(state: HostState, adapters: readonly IscsiAdapter[], nowMs: number): void {
  for (const adapter of adapters) login(state, adapter, nowMs);
  state.storage.seen = [...new Set(pathsOf(state).map(({ lun }) => lun.id))];
}

export function logout(state: HostState, gone: (session: Session) => boolean): void {
  state.iscsi.sessions = state.iscsi.sessions.filter((session) => !gone(session));
}

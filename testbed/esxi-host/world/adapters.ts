/** iSCSI adapters: the one of software iSCSI, and one for each RDMA device on which somebody enabled iSER. */
import { CommandFailure } from "../failure.ts";
import type { HostState, IscsiAdapter, Nic } from "../state/state.ts";
import { logout } from "./fabric.ts";

const FIRST_NUMBER = 64;

export function adapterNamed(state: HostState, name: string): IscsiAdapter {
  const found = state.iscsi.adapters.find((adapter) => adapter.name === name);
  if (found === undefined) throw new CommandFailure(`Unknown adapter ${name}`);
  return found;
}

export function enableSoftware(state: HostState): void {
  state.iscsi.softwareEnabled = true;
  if (state.iscsi.adapters.some(({ driver }) => driver === "iscsi_vmk")) return;
  const name = freeName(state);
  state.iscsi.adapters.push({
    name,
    driver: "iscsi_vmk",
    uid: `iscsi.${name}`,
    description: "iSCSI Software Adapter",
    iqn: iqnOf(state, "38de6805"),
    alias: "",
  });
  sortAdapters(state);
}

export function disableSoftware(state: HostState): void {
  state.iscsi.softwareEnabled = false;
  const adapter = state.iscsi.adapters.find(({ driver }) => driver === "iscsi_vmk");
  if (adapter === undefined) return;
  removeAdapter(state, adapter);
  state.iscsi.configs = state.iscsi.configs.filter((config) => config.adapter !== adapter.name);
}

/** RDMA devices: there is one for each adapter whose RDMA driver is loaded. */
export function rdmaNics(state: HostState): (Nic & { rdmaDevice: string; rdmaDriver: string })[] {
  return state.network.nics.flatMap((nic) => {
    const { rdmaDevice, rdmaDriver } = nic;
    if (rdmaDevice === undefined || rdmaDriver === undefined) return [];
    return state.modules.some(({ name, loaded }) => name === rdmaDriver && loaded)
      ? [{ ...nic, rdmaDevice, rdmaDriver }]
      : [];
  });
}

/** Each device once; a device that has iSER already stays as it is. */
export function enableIser(state: HostState, device: string | undefined): void {
  const iser = state.modules.find(({ name }) => name === "iser");
  if (iser === undefined) throw new CommandFailure("iser module is not installed on this host");
  const found = rdmaNics(state).filter(({ rdmaDevice }) => device === undefined || rdmaDevice === device);
  if (found.length === 0)
    throw new CommandFailure(device === undefined ? "No RDMA devices found" : `Invalid RDMA device: ${device}`);
  if (!iser.loaded) iser.loadedOptions = iser.options;
  iser.loaded = true;
  for (const nic of found) {
    if (state.iscsi.adapters.some(({ rdmaDevice }) => rdmaDevice === nic.rdmaDevice)) continue;
    const name = freeName(state);
    state.iscsi.adapters.push({
      name,
      driver: "iser",
      uid: `iscsi.${name}`,
      description: "VMware iSCSI over RDMA (iSER) Adapter",
      iqn: iqnOf(state, nic.mac.replaceAll(":", "").slice(-8)),
      alias: `iser-${nic.name}`,
      rdmaDevice: nic.rdmaDevice,
      uplink: nic.name,
    });
  }
  sortAdapters(state);
}

export function disableIser(state: HostState, device: string): void {
  const adapter = state.iscsi.adapters.find(({ rdmaDevice }) => rdmaDevice === device);
  if (adapter === undefined) throw new CommandFailure(`Invalid RDMA device: ${device}`);
  removeAdapter(state, adapter);
  state.iscsi.configs = state.iscsi.configs.filter((config) => config.adapter !== adapter.name);
}

export function removeAdapter(state: HostState, adapter: IscsiAdapter): void {
  logout(state, (session) => session.adapter === adapter.name);
  state.iscsi.adapters = state.iscsi.adapters.filter((each) => each !== adapter);
}

function sortAdapters(state: HostState): void {
  state.iscsi.adapters.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
}

function freeName(state: HostState): string {
  for (let number = FIRST_NUMBER; ; number += 1) {
    const name = `vmhba${number}`;
    if (state.iscsi.adapters.every((adapter) => adapter.name !== name)) return name;
  }
}

function iqnOf(state: HostState, tail: string): string {
  return `iqn.1998-01.com.vmware:${state.hostName}-${tail}`;
}

/**
 * What a boot makes of the state. esxcli keeps what it sets: switches, ports, software iSCSI, bindings by the adapter's
 * name, device settings. Only in memory are: iSER adapters, loaded modules, sessions, and what runs.
 */
import { disks, volumes } from "../world/devices.ts";
import { rescan } from "../world/fabric.ts";
import { modulesFor } from "./defaults.ts";
import type { HostState } from "./state.ts";

/** Changes the state as a boot does. Returns a line for the log. */
export function bootState(state: HostState, nowMs: number): string {
  state.boots += 1;
  state.bootedMs = nowMs;
  state.power = "on";
  state.vibs = state.pendingVibs ?? state.vibs;
  delete state.pendingVibs;

  const before = new Map(state.modules.map((module) => [module.name, module]));
  state.modules = modulesFor(state.vibs).map((module) => {
    const { enabled = true, options = "" } = before.get(module.name) ?? {};
    return { ...module, loaded: module.loaded && enabled, enabled, options, loadedOptions: options };
  });
  state.iscsi.sessions = [];
  state.iscsi.adapters = state.iscsi.adapters.filter(({ driver }) => driver === "iscsi_vmk");
  state.storage.seen = [];
  rescan(state, state.iscsi.adapters, nowMs);
  for (const vm of state.vms) {
    vm.power = vm.power === "on" ? "off" : vm.power;
    vm.toolsRunning = false;
    vm.ipAddress = undefined;
  }
  return `${state.boots} of ESXi ${state.version}, ${disks(state).length} disks, ${volumes(state).length} volumes`;
}

/** Modules and advanced options that a host has after its installation. Source of the options: a capture of 8.0.3. */
import type { Version, Vib } from "../versions.ts";
import type { Advanced, Module } from "./state.ts";

/** Which modules a VIB brings. */
const MODULES: Readonly<Record<string, readonly string[]>> = {
  "nmlx5-core": ["nmlx5_core"],
  "nmlx5-rdma": ["nmlx5_rdma"],
  iser: ["iser"],
};

export function modulesFor(vibs: readonly Vib[]): Module[] {
  const names = ["vmkernel", "iscsi_trans", "iscsi_vmk", "vrdma", "ntg3", "lsi_mr3"];
  const brought = vibs.flatMap(({ name }) => MODULES[name] ?? []);
  return [...names, ...brought].map((name) => ({
    name,
    // The module of iSER is loaded when somebody enables iSER.
    loaded: name !== "iser",
    enabled: true,
    options: "",
    loadedOptions: "",
  }));
}

export function advancedOptions(version: Version): Advanced[] {
  const integer = (path: string, value: number, min: number, max: number, description: string): Advanced => ({
    path,
    type: "integer",
    value,
    defaultValue: value,
    min,
    max,
    description,
  });
  return [
    integer("/Disk/SchedQuantum", version === "6.5" ? 16 : 8, 1, 64, "Number of consecutive requests from one World"),
    integer(
      "/Disk/SchedQControlSeqReqs",
      128,
      0,
      2048,
      "Number of consecutive requests from a VM required to raise the outstanding commands to max",
    ),
    integer(
      "/Disk/SchedQControlVMSwitches",
      6,
      0,
      2048,
      "Number of switches between commands issued by different VMs required to reduce outstanding commands to SchedNumReqOutstanding",
    ),
    integer("/Disk/SchedulerWithReservation", 1, 0, 1, "Disk IO scheduler (0:default 1:mclock)"),
    integer(
      "/Disk/QFullSampleSize",
      0,
      0,
      64,
      "Default I/O samples to monitor for detecting non-transient queue full condition. Should be nonzero to enable queue depth throttling",
    ),
    integer(
      "/Disk/QFullThreshold",
      8,
      1,
      16,
      "Default BUSY or QFULL threshold, upon which LUN queue depth will be throttled. Should be <= QFullSampleSize if throttling is enabled",
    ),
    integer("/Disk/DelayOnBusy", 400, 0, 5000, "Delay in milliseconds for completion of commands with a BUSY status"),
    integer("/Disk/DiskMaxIOSize", 32_767, 32, 32_767, "Max Disk READ/WRITE I/O size before splitting (in KB)"),
    integer("/Disk/PathEvalTime", 300, 30, 1500, "The time in seconds after which to start evaluating paths"),
    integer("/Disk/VSCSIPollPeriod", 1000, 100, 4000, "Poll period in microseconds for virtual SCSI"),
    integer("/Disk/ReqCallThreshold", 8, 1, 32, "Disk request callback threshold"),
    integer("/UserVars/SuppressShellWarning", 0, 0, 1, "Don't show warning for enabled local and remote shell access"),
  ];
}

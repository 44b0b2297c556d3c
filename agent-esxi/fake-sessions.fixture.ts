/** The commands of the fake host that are about targets, sessions and the devices behind them. */
import { type Command, need, Refused } from "./fake-command.fixture.ts";
import type { FakeState } from "./fake-state.fixture.ts";

function device(state: FakeState, name: string) {
  return (state.devices[name] ??= {
    psp: "VMW_PSP_FIXED",
    iops: 1000,
    depth: state.depthMax,
    outstanding: 32,
    sample: 0,
  });
}

function exported(state: FakeState) {
  return Object.entries(state.targets).flatMap(([target, luns]) => luns.map((lun) => ({ target, ...lun })));
}

/** Devices with a session to their target. */
function attached(state: FakeState) {
  return exported(state).filter(({ target }) => state.sessions.some((session) => session.target === target));
}

function addSession(state: FakeState, adapter: string, target: string): void {
  const isid = `00023d${String(state.sessions.length + 1).padStart(6, "0")}`;
  state.sessions.push({ adapter, target, isid, state: "logged_in" });
}

const SESSION_HEAD = ({ adapter, target, isid }: FakeState["sessions"][number]) => `${adapter},${target},${isid}`;

export const SESSION_COMMANDS: Readonly<Record<string, Command>> = {
  "iscsi adapter get": {
    form: "blocks",
    title: "Adapter",
    rows: (_, { A = "" }) => [{ Adapter: A, Name: "iqn.1998-01.com.vmware:esx1-38de6805", Vendor: "VMware" }],
  },
  "iscsi adapter discovery statictarget list": {
    form: "table",
    rows: ({ adapters }) =>
      Object.entries(adapters).flatMap(([Adapter, { statics = [] }]) =>
        statics.map(({ target, portal }) => ({ Adapter, "Target Name": target, "Target Address": portal })),
      ),
  },
  "iscsi adapter discovery statictarget add": {
    change: ({ adapters }, { A = "", a = "", n = "" }) =>
      void (need(adapters[A], "No such adapter").statics ??= []).push({ target: n, portal: a }),
  },
  "iscsi adapter discovery statictarget remove": {
    change({ adapters }, { A = "", a, n }) {
      const found = need(adapters[A], "No such adapter");
      found.statics = (found.statics ?? []).filter(({ target, portal }) => target !== n || portal !== a);
    },
  },
  "storage core adapter rescan": {
    change(state, { A = "", adapter = A }) {
      const { statics = [], bound } = need(state.adapters[adapter], "No such adapter");
      for (const { target } of statics) {
        const known = state.sessions.some((each) => each.adapter === adapter && each.target === target);
        if (state.targets[target] && !known) for (const _ of bound) addSession(state, adapter, target);
      }
    },
  },
  "iscsi session list": {
    form: "blocks",
    title: "",
    rows: ({ sessions }) =>
      sessions.map((each) => ({ "": SESSION_HEAD(each), Adapter: each.adapter, Target: each.target, ISID: each.isid })),
  },
  "iscsi session connection list": {
    form: "blocks",
    title: "",
    rows: ({ sessions }) =>
      sessions.map((each) => ({
        "": `${SESSION_HEAD(each)},0`,
        Adapter: each.adapter,
        Target: each.target,
        ISID: each.isid,
        RemoteAddress: "10.1.0.1",
        State: each.state,
      })),
  },
  "iscsi session add": {
    change(state, { A = "", n = "" }) {
      need(state.targets[n], "No such target");
      addSession(state, A, n);
    },
  },
  "iscsi session remove": {
    change(state, { A, n }) {
      state.sessions = state.sessions.filter(({ adapter, target }) => adapter !== A || target !== n);
    },
  },
  "storage core path list": {
    form: "blocks",
    title: "",
    rows: (state) =>
      attached(state).flatMap(({ target, number, device: name }) =>
        state.sessions
          .filter((session) => session.target === target)
          .map(({ adapter, isid }) => ({
            "": `iqn.1998-01.com.vmware:esx1-${isid},${target},t,0-${name}:`,
            Device: name,
            Adapter: adapter,
            LUN: number,
            State: "active",
            Transport: "iscsi",
            "Target Transport Details": `IQN=${target} Alias= Session=${isid} PortalTag=1`,
          })),
      ),
  },
  "storage core device list": {
    form: "blocks",
    title: "Device",
    rows: (state) =>
      attached(state).map(({ device: name, sizeMib }) => ({
        Device: name,
        Size: sizeMib,
        "Is RDM Capable": true,
        "Other UIDs": `vml.${name}`,
        "Device Max Queue Depth": device(state, name).depth,
        "No of outstanding IOs with competing worlds": device(state, name).outstanding,
        "Queue Full Sample Size": device(state, name).sample,
        "Queue Full Threshold": 0,
      })),
  },
  "storage vmfs extent list": {
    form: "table",
    rows: ({ datastores }) =>
      Object.entries(datastores).map(([name, of]) => ({
        "Volume Name": name,
        "VMFS UUID": "6868923c-fec3e57e-e7c7-b4969130419a",
        "Extent Number": 0,
        "Device Name": of,
        Partition: 1,
      })),
  },
  "storage filesystem unmount": { change: ({ datastores }, { l = "" }) => void delete datastores[l] },
  "storage nmp device list": {
    form: "blocks",
    title: "Device",
    rows: (state) =>
      attached(state).map(({ device: name }) => {
        const { psp, iops } = device(state, name);
        const config = `{policy=${iops === 1000 ? "rr" : "iops"},iops=${iops},bytes=10485760,useANO=0}`;
        return {
          Device: name,
          "Path Selection Policy": psp,
          "Path Selection Policy Device Config": psp === "VMW_PSP_RR" ? config : "{preferred=none}",
        };
      }),
  },
  "storage nmp device set": {
    change: (state, options) => void (device(state, options["device"] ?? "").psp = options["psp"] ?? ""),
  },
  "storage nmp psp roundrobin deviceconfig set": {
    change: (state, options) => void (device(state, options["device"] ?? "").iops = Number(options["iops"])),
  },
  "storage core device set": {
    change(state, { d = "", m, "sched-num-req-outstanding": outstanding, "queue-full-sample-size": sample }) {
      if (outstanding !== undefined) device(state, d).outstanding = Number(outstanding);
      if (sample !== undefined) device(state, d).sample = Number(sample);
      if (m === undefined) return;
      if (Number(m) > state.depthMax)
        throw new Refused("Unable to set device's max-queue-depth or current-queue-depth. Error was: Bad parameter");
      device(state, d).depth = Number(m);
    },
  },
};

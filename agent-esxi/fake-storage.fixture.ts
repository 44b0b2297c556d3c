/** The commands of the fake host that are about adapters of iSCSI. */
import { type Command, need, Refused } from "./fake-command.fixture.ts";

export const STORAGE_COMMANDS: Readonly<Record<string, Command>> = {
  "rdma device list": {
    form: "table",
    rows: ({ rdma }) =>
      Object.entries(rdma).map(([Name, uplink]) => ({
        Name,
        Driver: "nmlx5_rdma",
        State: "Active",
        MTU: 4096,
        Speed: "100 Gbps",
        "Paired Uplink": uplink,
        Description: "MT27700 Family  [ConnectX-4]",
      })),
  },
  "rdma iser add": {
    change({ rdma, adapters }, { d = "" }) {
      need(rdma[d], "No such device");
      adapters[`vmhba${64 + Object.keys(adapters).length}`] = { driver: "iser", device: d, bound: [], sendtargets: [] };
    },
  },
  "rdma iser delete": {
    change({ adapters }, { d }) {
      for (const [name, { device }] of Object.entries(adapters)) if (device === d) delete adapters[name];
    },
  },
  "system module load": {
    change({ rdma, adapters }, { m }) {
      if (m !== "iser") throw new Refused("Unable to load module");
      for (const device of Object.keys(rdma))
        adapters[`vmhba${64 + Object.keys(adapters).length}`] = { driver: "iser", device, bound: [], sendtargets: [] };
    },
  },
  "iscsi software get": {
    form: "bare",
    rows: ({ adapters }) => [{ "": Object.values(adapters).some(({ driver }) => driver === "iscsi_vmk") }],
  },
  "iscsi software set": {
    change({ adapters }, { e }) {
      if (e === "true") adapters["vmhba37"] = { driver: "iscsi_vmk", bound: [], sendtargets: [] };
      else delete adapters["vmhba37"];
      return e === "true" ? "Software iSCSI Enabled\n" : "Software iSCSI Disabled\n";
    },
  },
  "iscsi adapter list": {
    form: "table",
    rows: ({ adapters }) =>
      Object.entries(adapters).map(([Adapter, { driver }]) => ({
        Adapter,
        Driver: driver,
        State: "online",
        UID: `iscsi.${Adapter}`,
        Description: driver === "iser" ? "VMware iSCSI over RDMA (iSER) Adapter" : "iSCSI Software Adapter",
      })),
  },
  "iscsi physicalnetworkportal list": {
    form: "table",
    rows: ({ adapters, rdma }) =>
      Object.entries(adapters).flatMap(([Adapter, { device }]) =>
        device === undefined ? [] : [{ Adapter, Vmnic: rdma[device] ?? "", "MAC Address": "00:50:56:17:16:07" }],
      ),
  },
  "iscsi networkportal list": {
    form: "blocks",
    title: "Adapter",
    rows: ({ adapters }) =>
      Object.entries(adapters).flatMap(([Adapter, { bound }]) =>
        bound.map((Vmknic) => ({ Adapter, Vmknic, MTU: 9000 })),
      ),
  },
  "iscsi networkportal add": {
    change: ({ adapters }, { A = "", n = "" }) => void need(adapters[A], "No such adapter").bound.push(n),
  },
  "iscsi networkportal remove": {
    change({ adapters }, { A = "", n }) {
      const found = need(adapters[A], "No such adapter");
      found.bound = found.bound.filter((each) => each !== n);
    },
  },
  "iscsi adapter discovery sendtarget list": {
    form: "table",
    rows: ({ adapters }) =>
      Object.entries(adapters).flatMap(([Adapter, { sendtargets }]) =>
        sendtargets.map((Sendtarget) => ({ Adapter, Sendtarget })),
      ),
  },
  "iscsi adapter discovery sendtarget add": {
    change: ({ adapters }, { A = "", a = "" }) => void need(adapters[A], "No such adapter").sendtargets.push(a),
  },
  "iscsi adapter discovery sendtarget remove": {
    change({ adapters }, { A = "", a }) {
      const found = need(adapters[A], "No such adapter");
      found.sendtargets = found.sendtargets.filter((each) => each !== a);
    },
  },
};

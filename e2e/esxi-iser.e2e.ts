/** iSER and software iSCSI, from the desired state to what the host has, also after a reboot. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { DEADLINE, type Spec, startTestAgent, type TestAgent } from "@salvo/agent-esxi/agent.fixture.ts";
import { recorded } from "@salvo/agent-esxi/read/recorded.fixture.ts";

let esxi: TestAgent;
beforeAll(async () => {
  esxi = await startTestAgent();
}, 60_000);
afterAll(() => esxi[Symbol.asyncDispose]());

const TIMEOUT_MS = 240_000;
const vmkernel = { name: "vmk1", address: "10.1.0.2", netmask: "255.255.255.0", mtu: 9000 };
const SWITCH = { name: "vSwitch1", mtu: 9000, uplinks: ["vmnic2"], portGroups: [{ name: "iSER", vmkernel }] };
const ISER: Spec = {
  switches: [SWITCH],
  iser: [{ device: "vmrdma0", vmkernel: "vmk1", discovery: [{ address: "10.1.0.1", port: 3260 }] }],
};

const localSh = () => join(esxi.host.root, "etc/rc.local.d/local.sh");

afterEach(async () => {
  esxi.host.change((state) => Object.assign(state, { faults: {}, missing: [], bootedAt: Date.now() }));
  await esxi.apply({});
  esxi.host.changes();
}, TIMEOUT_MS);

test(
  "iSER is enabled, bound, told where targets are, and brought back when the host starts; and all of it goes again",
  async () => {
    const before = esxi.host.state();
    const { ino } = statSync(localSh());
    await esxi.apply(ISER);
    expect(esxi.host.state().adapters).toEqual({
      vmhba64: { driver: "iser", device: "vmrdma0", bound: ["vmk1"], sendtargets: ["10.1.0.1:3260"] },
    });
    expect(readFileSync(localSh(), "utf8")).toContain(
      "'esxcli' 'rdma' 'iser' 'add' '-d' 'vmrdma0'\n# END salvo - esx1\nexit 0\n",
    );
    // In place: the host's backup knows a file by a mark that a new one does not have.
    expect(statSync(localSh()).ino).toBe(ino);
    expect(esxi.host.changes()).toEqual(
      expect.arrayContaining([
        "auto-backup.sh",
        "esxcli rdma iser add -d vmrdma0",
        "esxcli iscsi networkportal add -n vmk1 -A vmhba64",
        "esxcli storage core adapter rescan -A vmhba64",
      ]),
    );
    expect(await esxi.plan(ISER)).toEqual([]);

    await esxi.apply({});
    expect({ ...esxi.host.state(), bootedAt: 0 }).toEqual({ ...before, bootedAt: 0 });
    expect(readFileSync(localSh(), "utf8")).toBe(recorded("localsh-6"));
  },
  TIMEOUT_MS,
);

test(
  "a plan names adapters by what they are, as their names are not known before",
  async () => {
    const steps = await esxi.plan(ISER);
    expect(steps.flatMap(({ commands }) => commands)).toEqual(
      expect.arrayContaining([
        "esxcli rdma iser add -d vmrdma0",
        "esxcli iscsi networkportal add -n vmk1 -A ... # the adapter of vmrdma0",
        "# in /etc/rc.local.d/local.sh, before exit 0: 'esxcli' 'rdma' 'iser' 'add' '-d' 'vmrdma0'; and type: auto-backup.sh",
      ]),
    );
  },
  TIMEOUT_MS,
);

test(
  "an adapter that is gone after a reboot is made anew, with what stood on it",
  async () => {
    await esxi.apply(ISER);
    esxi.host.change((state) => Object.assign(state, { adapters: {}, bootedAt: Date.now() }));
    expect(await esxi.apply(ISER)).toEqual([
      "make iser vmrdma0",
      "make binding vmrdma0 vmk1",
      "make discovery vmrdma0 10.1.0.1:3260",
    ]);
    expect(await esxi.plan(ISER)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "a host without rdma iser add loads the module, and one that offers neither is told apart",
  async () => {
    esxi.host.change((state) => Object.assign(state, { missing: ["rdma iser add"], bootedAt: Date.now() }));
    const enable = (await esxi.plan(ISER)).find(({ id }) => id === "make iser vmrdma0");
    expect(enable?.commands[0]).toBe("esxcli system module load -m iser");
    esxi.host.change((state) =>
      Object.assign(state, { missing: ["rdma iser add", "system module load"], bootedAt: Date.now() - 60_000_000 }),
    );
    await expect(esxi.plan(ISER)).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringContaining("the host offers no way to enable iSER"),
    });
  },
  TIMEOUT_MS,
);

test(
  "a host that says it enabled iSER and has no adapter is not believed",
  async () => {
    esxi.host.change((state) => (state.faults["rdma iser add"] = "ignored"));
    await expect(esxi.apply(ISER)).rejects.toMatchObject({
      message: expect.stringContaining("the host took the command, and shows no iser vmrdma0"),
    });
  },
  TIMEOUT_MS,
);

test(
  "a port whose switch has another uplink than the device's own is refused, and so is an unknown device",
  async () => {
    await expect(esxi.plan({ ...ISER, switches: [{ ...SWITCH, uplinks: ["vmnic3"] }] })).rejects.toMatchObject({
      kind: "invalid-input",
      message: expect.stringContaining("vmrdma0 is paired with vmnic2, and the switch of vmk1 has the uplinks vmnic3"),
    });
    await expect(esxi.plan({ ...ISER, iser: [{ device: "vmrdma7", vmkernel: "vmk1" }] })).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringContaining("its RDMA devices: vmrdma0, vmrdma1"),
    });
  },
  TIMEOUT_MS,
);

test(
  "software iSCSI stands on the same network, and is left enabled where it was so before",
  async () => {
    const spec: Spec = {
      switches: [SWITCH],
      softwareIscsi: { vmkernels: ["vmk1"], discovery: [{ address: "10.1.0.1", port: 3260 }] },
    };
    await esxi.apply(spec);
    expect(esxi.host.state().adapters["vmhba37"]).toMatchObject({ bound: ["vmk1"], sendtargets: ["10.1.0.1:3260"] });
    expect(await esxi.plan(spec)).toEqual([]);
    await esxi.apply({});
    expect(esxi.host.state().adapters).toEqual({});

    esxi.host.change(({ adapters }) => (adapters["vmhba37"] = { driver: "iscsi_vmk", bound: [], sendtargets: [] }));
    await esxi.apply(spec);
    await esxi.apply({});
    expect(esxi.host.state().adapters).toEqual({ vmhba37: { driver: "iscsi_vmk", bound: [], sendtargets: [] } });
    esxi.host.change((state) => (state.adapters = {}));
  },
  TIMEOUT_MS,
);

test(
  "a local.sh that somebody damaged is left as it is, and told",
  async () => {
    writeFileSync(localSh(), "#!/bin/sh\n# BEGIN salvo - esx1\nexit 0\n");
    await expect(esxi.hypervisor.inspect({}, DEADLINE)).rejects.toMatchObject({ kind: "corrupt" });
    writeFileSync(localSh(), recorded("localsh-6"));
  },
  TIMEOUT_MS,
);

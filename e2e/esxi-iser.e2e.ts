/** iSER and software iSCSI, from the desired state to what the host has. That iSER outlives a reboot: esxi-host.e2e.ts. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { DEADLINE, type EsxiLab, ISER as PLAIN, type Spec, startEsxiLab, SWITCH, TIMEOUT_MS } from "./esxi-agent.ts";

let esxi: EsxiLab;
beforeAll(async () => {
  esxi = await startEsxiLab({ version: "7.0" });
}, TIMEOUT_MS);
afterAll(() => esxi[Symbol.asyncDispose]());

const DISCOVERY = [{ address: "10.1.0.1", port: 3260 }];
const ISER: Spec = { ...PLAIN, iser: [{ device: "vmrdma0", vmkernel: "vmk1", discovery: DISCOVERY }] };
const localSh = () => esxi.host.path("/etc/rc.local.d/local.sh");

afterEach(async () => {
  esxi.host.change((state) => (state.faults = []));
  await esxi.apply({});
}, TIMEOUT_MS);

test(
  "iSER is enabled, bound, told where targets are, and brought back when the host starts; and all of it goes again",
  async () => {
    const text = readFileSync(localSh(), "utf8");
    const { ino } = statSync(localSh());
    const steps = await esxi.plan(ISER);
    // A plan names adapters by what they are, as their names are not known before.
    expect(steps.flatMap(({ commands }) => commands)).toEqual(
      expect.arrayContaining([
        "esxcli rdma iser add -d vmrdma0",
        "esxcli iscsi networkportal add -n vmk1 -A ... # the adapter of vmrdma0",
        "# in /etc/rc.local.d/local.sh, before exit 0: 'esxcli' 'rdma' 'iser' 'add' '-d' 'vmrdma0'; and type: auto-backup.sh",
      ]),
    );
    await esxi.apply(ISER);
    const { adapters, configs } = esxi.host.state().iscsi;
    expect(adapters).toMatchObject([{ name: "vmhba64", driver: "iser", rdmaDevice: "vmrdma0" }]);
    expect(configs).toMatchObject([{ adapter: "vmhba64", ports: ["vmk1"], sendTargets: ["10.1.0.1:3260"] }]);
    expect(readFileSync(localSh(), "utf8")).toContain(
      "'esxcli' 'rdma' 'iser' 'add' '-d' 'vmrdma0'\n# END salvo bench esx1\nexit 0\n",
    );
    // In place: the host's backup knows a file by a mark that a new one does not have.
    expect(statSync(localSh()).ino).toBe(ino);
    expect(await esxi.plan(ISER)).toEqual([]);

    await esxi.apply({});
    expect(esxi.host.state().iscsi).toMatchObject({ adapters: [], sessions: [] });
    expect(readFileSync(localSh(), "utf8")).toBe(text);
  },
  TIMEOUT_MS,
);

test(
  "a host that says it enabled iSER and has no adapter is not believed",
  async () => {
    esxi.host.fault({ command: "esxcli rdma iser add", exitCode: 0 });
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
    const spec: Spec = { switches: [SWITCH], softwareIscsi: { vmkernels: ["vmk1"], discovery: DISCOVERY } };
    await esxi.apply(spec);
    const { iscsi } = esxi.host.state();
    expect(iscsi.configs).toMatchObject([{ ports: ["vmk1"], sendTargets: ["10.1.0.1:3260"] }]);
    expect(await esxi.plan(spec)).toEqual([]);
    await esxi.apply({});
    expect(esxi.host.state().iscsi).toMatchObject({ softwareEnabled: false, adapters: [] });

    esxi.host.change((state) => Object.assign(state.iscsi, { softwareEnabled: true, adapters: iscsi.adapters }));
    await esxi.apply(spec);
    await esxi.apply({});
    expect(esxi.host.state().iscsi).toMatchObject({ softwareEnabled: true, adapters: iscsi.adapters });
    esxi.host.change((state) => Object.assign(state.iscsi, { softwareEnabled: false, adapters: [], configs: [] }));
  },
  TIMEOUT_MS,
);

test(
  "a full file system leaves local.sh as it was, and a file that somebody damaged is left and told",
  async () => {
    const text = readFileSync(localSh(), "utf8");
    esxi.host.fillRamdisks();
    await expect(esxi.apply(ISER)).rejects.toMatchObject({
      kind: "out-of-resources",
      message: expect.stringContaining("there is no room for /etc/rc.local.d/local.sh, which was left as it was"),
    });
    expect(readFileSync(localSh(), "utf8")).toBe(text);
    esxi.host.emptyRamdisks();
    await esxi.apply(ISER);
    expect(await esxi.plan(ISER)).toEqual([]);
    await esxi.apply({});
    writeFileSync(localSh(), "#!/bin/sh\n# BEGIN salvo bench esx1\nexit 0\n");
    await expect(esxi.hypervisor.inspect({}, DEADLINE)).rejects.toMatchObject({ kind: "corrupt" });
    writeFileSync(localSh(), text);
  },
  TIMEOUT_MS,
);

test(
  "a host that shows another key is told nothing",
  async () => {
    await using other = await startEsxiLab();
    await other.host.changeHostKey();
    await expect(other.plan(ISER)).rejects.toMatchObject({ kind: "refused", message: expect.stringContaining("key") });
  },
  TIMEOUT_MS,
);

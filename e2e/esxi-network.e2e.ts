/** The bridge from end to end: gRPC, SSH, a shell, and what the host then has. */
import { Role } from "@salvo/proto/lab_pb.ts";
import { Owner } from "@salvo/proto/storage_pb.ts";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { DEADLINE, type EsxiLab, NEIGHBOUR, type Spec, startEsxiLab, TIMEOUT_MS } from "./esxi-agent.ts";

let esxi: EsxiLab;
beforeAll(async () => {
  // With the esxcli that the least can be known of.
  esxi = await startEsxiLab({ settings: { textOnly: true }, neighbours: [NEIGHBOUR] });
}, TIMEOUT_MS);
afterAll(() => esxi[Symbol.asyncDispose]());

const vmkernel = { name: "vmk1", address: "10.1.0.2", netmask: "255.255.255.0", mtu: 9000 };
const SWITCH = { name: "vSwitch1", mtu: 9000, uplinks: ["vmnic2"], portGroups: [{ name: "iSER-A", vmkernel }] };
const NETWORK: Spec = { switches: [SWITCH] };
const theSwitch = () => esxi.host.state().network.vSwitches.find(({ name }) => name === "vSwitch1");

afterEach(async () => {
  esxi.host.change((state) => (state.faults = []));
  await esxi.apply({});
}, TIMEOUT_MS);

test(
  "the agent speaks for the host: name, version, cores, and one boot until the host is started anew",
  async () => {
    const { agent } = await esxi.agent.describe({}, DEADLINE);
    expect(agent).toMatchObject({
      id: "esx1",
      roles: [Role.INITIATOR, Role.HYPERVISOR],
      host: { name: "esxi1", os: "VMware ESXi 8.0.3", cores: 32, memoryBytes: 137_438_953_472n },
    });
    await esxi.plan({});
    expect((await esxi.agent.describe({}, DEADLINE)).agent?.bootId).toBe(agent?.bootId);
    esxi.host.change((state) => (state.bootedMs += 60_000));
    await esxi.plan({});
    expect((await esxi.agent.describe({}, DEADLINE)).agent?.bootId).not.toBe(agent?.bootId);
  },
  TIMEOUT_MS,
);

test(
  "a network is planned command by command, made, made no second time, changed in use, and taken away",
  async () => {
    const before = esxi.host.state();
    const steps = await esxi.plan(NETWORK);
    expect(steps.map(({ commands }) => commands)).toEqual([
      [
        "esxcli network vswitch standard add -v vSwitch1",
        "esxcli network vswitch standard set -v vSwitch1 -m 9000",
        "# read back switch vSwitch1",
      ],
      ["esxcli network vswitch standard uplink add -u vmnic2 -v vSwitch1", "# read back uplink vmnic2"],
      ["esxcli network vswitch standard portgroup add -v vSwitch1 -p iSER-A", "# read back port-group iSER-A"],
      [
        "esxcli network ip interface add --interface-name=vmk1 --portgroup-name=iSER-A",
        "esxcli network ip interface set -i vmk1 -m 9000",
        "esxcli network ip interface ipv4 set -i vmk1 -t static -I 10.1.0.2 -N 255.255.255.0",
        "# read back vmkernel-port vmk1",
      ],
    ]);
    expect(esxi.host.state()).toEqual(before);

    await esxi.apply(NETWORK);
    expect(theSwitch()).toMatchObject({ mtu: 9000, uplinks: ["vmnic2"], portGroups: [{ name: "iSER-A", vlan: 0 }] });
    expect(esxi.host.state().network.vmks.at(-1)).toMatchObject({
      name: "vmk1",
      portGroup: "iSER-A",
      mtu: 9000,
      ipv4: { type: "static", address: "10.1.0.2", netmask: "255.255.255.0" },
    });
    expect(await esxi.plan(NETWORK)).toEqual([]);
    expect(await esxi.own()).toEqual(["switch vSwitch1", "uplink vmnic2", "port-group iSER-A", "vmkernel-port vmk1"]);

    expect(await esxi.apply({ switches: [{ ...SWITCH, portGroups: [{ name: "iSER-A", vlan: 30 }] }] })).toEqual([
      "remove vmkernel-port vmk1",
      "set port-group iSER-A",
    ]);
    expect(theSwitch()?.portGroups).toEqual([{ name: "iSER-A", vlan: 30 }]);
    await esxi.apply({});
    expect(esxi.host.state().network).toEqual(before.network);
  },
  TIMEOUT_MS,
);

test(
  "what others made is left alone, unless it is listed as owned, and then only used",
  async () => {
    const before = esxi.host.state().network;
    const onTheirs: Spec = { switches: [{ name: "vSwitch0", mtu: 1500, portGroups: [{ name: "test" }] }] };
    await expect(esxi.plan(onTheirs)).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringContaining("switch vSwitch0 is there already, and this agent did not make it"),
    });
    expect(await esxi.apply({ ...onTheirs, owned: { switches: ["vSwitch0"] } })).toEqual(["make port-group test"]);
    expect(await esxi.apply({})).toEqual(["remove port-group test"]);
    expect(esxi.host.state().network).toEqual(before);
    const { items } = await esxi.hypervisor.inspect({}, DEADLINE);
    expect(items.filter(({ owner }) => owner === Owner.OTHERS).map(({ id }) => id)).toContain("switch vSwitch0");
    await expect(esxi.plan({ switches: [{ ...SWITCH, uplinks: ["vmnic0"] }] })).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringContaining("uplink vmnic0"),
    });
  },
  TIMEOUT_MS,
);

test(
  "a command that the host takes and does not do, or refuses, is told, and the next apply goes on from there",
  async () => {
    const { host } = esxi;
    host.fault({ command: "esxcli network vswitch standard uplink add", times: 1, text: "No space left", exitCode: 1 });
    await expect(esxi.apply(NETWORK)).rejects.toMatchObject({
      kind: "program-failed",
      message: expect.stringContaining("uplink add -u vmnic2 -v vSwitch1: No space left"),
    });
    expect(await esxi.own()).toEqual(["switch vSwitch1"]);
    host.fault({ command: "esxcli network ip interface set", times: 1, exitCode: 0 });
    await expect(esxi.apply(NETWORK)).rejects.toMatchObject({
      kind: "program-failed",
      message: expect.stringContaining("shows vmkernel-port vmk1 with mtu 1500 instead of 9000"),
    });
    expect(await esxi.apply(NETWORK)).toEqual(["set vmkernel-port vmk1"]);
    expect(await esxi.plan(NETWORK)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "a host that cannot be reached is told, and the agent goes on when it is back",
  async () => {
    await esxi.host.refuseSsh();
    await expect(esxi.plan(NETWORK)).rejects.toMatchObject({ kind: "unavailable" });
    await esxi.host.allowSsh();
    await esxi.apply(NETWORK);
    expect(await esxi.plan(NETWORK)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "packets of the whole MTU must reach the peers, and a step fails until they do",
  async () => {
    const peers = { ...vmkernel, peers: [NEIGHBOUR.address] };
    const spec: Spec = { switches: [{ ...SWITCH, portGroups: [{ name: "iSER-A", vmkernel: peers }] }] };
    esxi.host.change(({ outside }) => (outside.neighbours = [{ ...NEIGHBOUR, mtu: 1500 }]));
    await expect(esxi.apply(spec)).rejects.toMatchObject({
      kind: "program-failed",
      message: expect.stringContaining("packets of 9000 B do not get from vmk1 to 10.1.0.1: 0 of 3 came back"),
    });
    esxi.host.change(({ outside }) => (outside.neighbours = [NEIGHBOUR]));
    expect(await esxi.plan(spec)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "a port whose packets are larger than its switch's is refused before anything is done",
  async () => {
    await expect(esxi.plan({ switches: [{ ...SWITCH, mtu: 1500 }] })).rejects.toMatchObject({
      kind: "invalid-input",
      message: expect.stringContaining("vmk1 has an MTU of 9000, and its virtual switch vSwitch1 one of 1500"),
    });
  },
  TIMEOUT_MS,
);

/** The bridge from end to end: gRPC, SSH, a shell, and what the host then has. */
import { Role } from "@salvo/proto/lab_pb.ts";
import { Owner } from "@salvo/proto/storage_pb.ts";
import { afterEach, beforeAll, afterAll, expect, test } from "vitest";
import { DEADLINE, type Spec, startTestAgent, type TestAgent } from "@salvo/agent-esxi/agent.fixture.ts";

let esxi: TestAgent;
beforeAll(async () => {
  esxi = await startTestAgent();
}, 60_000);
afterAll(() => esxi[Symbol.asyncDispose]());

const TIMEOUT_MS = 240_000;

const SWITCH = {
  name: "vSwitch1",
  mtu: 9000,
  uplinks: ["vmnic2"],
  portGroups: [
    {
      name: "iSER-A",
      vlan: 20,
      vmkernel: { name: "vmk1", address: "10.1.0.2", netmask: "255.255.255.0", mtu: 9000 },
    },
  ],
};
const NETWORK: Spec = { switches: [SWITCH] };

afterEach(async () => {
  esxi.host.change((state) => Object.assign(state, { faults: {}, missing: [], formats: ["json", "text"] }));
  await esxi.apply({});
  esxi.host.changes();
}, TIMEOUT_MS);

test(
  "it speaks for the host: name, version, cores, and one boot until the host is started anew",
  async () => {
    const { agent } = await esxi.agent.describe({}, DEADLINE);
    expect(agent).toMatchObject({
      id: "esx1",
      roles: [Role.INITIATOR, Role.HYPERVISOR],
      host: { name: "esx1", os: "VMware ESXi 8.0.3", cores: 2, memoryBytes: 68_719_476_736n },
    });
    await esxi.plan({});
    expect((await esxi.agent.describe({}, DEADLINE)).agent?.bootId).toBe(agent?.bootId);
    esxi.host.change((state) => (state.bootedAt = Date.now()));
    await esxi.plan({});
    expect((await esxi.agent.describe({}, DEADLINE)).agent?.bootId).not.toBe(agent?.bootId);
  },
  TIMEOUT_MS,
);

test(
  "a network is planned command by command, made, made no second time, and taken away",
  async () => {
    const before = esxi.host.state();
    const steps = await esxi.plan(NETWORK);
    expect(steps.map(({ id, commands }) => [id, commands])).toEqual([
      [
        "make switch vSwitch1",
        [
          "esxcli network vswitch standard add -v vSwitch1",
          "esxcli network vswitch standard set -v vSwitch1 -m 9000",
          "# read back switch vSwitch1",
        ],
      ],
      [
        "make uplink vmnic2",
        ["esxcli network vswitch standard uplink add -u vmnic2 -v vSwitch1", "# read back uplink vmnic2"],
      ],
      [
        "make port-group iSER-A",
        [
          "esxcli network vswitch standard portgroup add -v vSwitch1 -p iSER-A",
          "esxcli network vswitch standard portgroup set -p iSER-A -v 20",
          "# read back port-group iSER-A",
        ],
      ],
      [
        "make vmkernel-port vmk1",
        [
          "esxcli network ip interface add --interface-name=vmk1 --portgroup-name=iSER-A",
          "esxcli network ip interface set -i vmk1 -m 9000",
          "esxcli network ip interface ipv4 set -i vmk1 -t static -I 10.1.0.2 -N 255.255.255.0",
          "# read back vmkernel-port vmk1",
        ],
      ],
    ]);
    expect(esxi.host.changes()).toEqual([]);

    await esxi.apply(NETWORK);
    expect(esxi.host.state()).toMatchObject({
      switches: { vSwitch1: { mtu: 9000, uplinks: ["vmnic2"] } },
      portGroups: { "iSER-A": { switch: "vSwitch1", vlan: 20 } },
      ports: { vmk1: { portGroup: "iSER-A", mtu: 9000, address: "10.1.0.2", netmask: "255.255.255.0" } },
    });
    expect(await esxi.plan(NETWORK)).toEqual([]);
    expect(await esxi.own()).toEqual(["switch vSwitch1", "uplink vmnic2", "port-group iSER-A", "vmkernel-port vmk1"]);

    await esxi.apply({});
    expect(esxi.host.state()).toEqual(before);
  },
  TIMEOUT_MS,
);

test(
  "a host whose esxcli has text alone is read as well",
  async () => {
    esxi.host.change((state) => Object.assign(state, { formats: ["text"], bootedAt: Date.now() }));
    await esxi.apply(NETWORK);
    expect(await esxi.plan(NETWORK)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "what can be changed in use is changed, and what cannot is made anew",
  async () => {
    await esxi.apply(NETWORK);
    const changed = await esxi.apply({
      switches: [{ ...SWITCH, mtu: 9000, portGroups: [{ name: "iSER-A", vlan: 30 }] }],
    });
    expect(changed).toEqual(["remove vmkernel-port vmk1", "set port-group iSER-A"]);
    expect(esxi.host.state().portGroups["iSER-A"]?.vlan).toBe(30);
    const moved = await esxi.apply({ switches: [{ ...SWITCH, name: "vSwitch2" }] });
    expect(moved).toContain("remove switch vSwitch1");
    expect(esxi.host.state().switches["vSwitch2"]).toEqual({ mtu: 9000, uplinks: ["vmnic2"] });
  },
  TIMEOUT_MS,
);

test(
  "what others made is left alone, unless it is listed as owned, and then only used",
  async () => {
    const onTheirs: Spec = { switches: [{ name: "vSwitch0", mtu: 1500, portGroups: [{ name: "test" }] }] };
    await expect(esxi.plan(onTheirs)).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringContaining("switch vSwitch0 is there already, and this agent did not make it"),
    });
    const allowed = { ...onTheirs, owned: { switches: ["vSwitch0"] } };
    expect(await esxi.apply(allowed)).toEqual(["make port-group test"]);
    expect(await esxi.apply({})).toEqual(["remove port-group test"]);
    expect(esxi.host.state().switches["vSwitch0"]).toEqual({ mtu: 1500, uplinks: ["vmnic0"] });
    const { items } = await esxi.hypervisor.inspect({}, DEADLINE);
    expect(items.filter(({ owner }) => owner === Owner.OTHERS).map(({ id }) => id)).toContain("switch vSwitch0");
    await expect(
      esxi.plan({ ...NETWORK, switches: [{ name: "vSwitch1", mtu: 9000, uplinks: ["vmnic0"] }] }),
    ).rejects.toMatchObject({ kind: "refused", message: expect.stringContaining("uplink vmnic0") });
  },
  TIMEOUT_MS,
);

test(
  "a command that the host takes and does not do is found out, and the next apply goes on from there",
  async () => {
    esxi.host.change((state) => (state.faults["network ip interface set"] = "ignored"));
    await expect(esxi.apply(NETWORK)).rejects.toMatchObject({
      kind: "program-failed",
      message: expect.stringContaining("shows vmkernel-port vmk1 with mtu 1500 instead of 9000"),
    });
    esxi.host.change((state) => (state.faults = {}));
    expect(await esxi.apply(NETWORK)).toEqual(["set vmkernel-port vmk1"]);
    expect(await esxi.plan(NETWORK)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "what the host says when it refuses is in the message",
  async () => {
    esxi.host.change(
      ({ faults }) => (faults["network vswitch standard uplink add"] = { says: "No space left on device" }),
    );
    await expect(esxi.apply(NETWORK)).rejects.toMatchObject({
      kind: "program-failed",
      message: expect.stringContaining("uplink add -u vmnic2 -v vSwitch1: No space left on device"),
    });
    expect(await esxi.own()).toEqual(["switch vSwitch1"]);
  },
  TIMEOUT_MS,
);

test(
  "a host that goes down in the middle of a plan is told, and the next apply completes",
  async () => {
    await esxi.host.sshd.stop();
    await expect(esxi.plan(NETWORK)).rejects.toMatchObject({ kind: "unavailable" });
    await esxi.host.sshd.start();
    await esxi.apply(NETWORK);
    expect(await esxi.plan(NETWORK)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "packets of the whole MTU must reach the peers, and a step fails until they do",
  async () => {
    const [group] = SWITCH.portGroups;
    const peers = { ...group?.vmkernel, peers: ["10.1.0.1"] };
    const spec: Spec = { switches: [{ ...SWITCH, portGroups: [{ name: "iSER-A", vlan: 20, vmkernel: peers }] }] };
    esxi.host.change((state) => (state.networkMtu = 1500));
    await expect(esxi.apply(spec)).rejects.toMatchObject({
      kind: "program-failed",
      message: expect.stringContaining("packets of 9000 B do not get from vmk1 to 10.1.0.1: 0 of 3 came back"),
    });
    esxi.host.change((state) => (state.networkMtu = 9000));
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

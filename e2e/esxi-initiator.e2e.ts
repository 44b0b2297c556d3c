/** The InitiatorService beside an ESXi host, by the spec that a Linux host takes. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { InitiatorSpecSchema, Multipath, Transport } from "@salvo/proto/storage_pb.ts";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { DEADLINE, type Spec, startTestAgent, type TestAgent } from "@salvo/agent-esxi/agent.fixture.ts";

const TIMEOUT_MS = 240_000;
const TARGET = "iqn.2026-11.test.salvo:bench.san1.ram";
const DEVICE = "naa.600140500000000000000000000000a1";
const vmkernel = { name: "vmk1", address: "10.1.0.2", netmask: "255.255.255.0", mtu: 9000 };
const HOST: Spec = {
  switches: [{ name: "vSwitch1", mtu: 9000, uplinks: ["vmnic2"], portGroups: [{ name: "iSER", vmkernel }] }],
  iser: [{ device: "vmrdma0", vmkernel: "vmk1" }],
  softwareIscsi: { vmkernels: ["vmk1"] },
};

let esxi: TestAgent;
beforeAll(async () => {
  esxi = await startTestAgent();
  // In esxcli's own text, which every version has.
  esxi.host.change((state) => Object.assign(state, { formats: ["text"], bootedAt: Date.now() }));
  esxi.host.change((state) => (state.targets[TARGET] = [{ number: 0, device: DEVICE, sizeMib: 64 }]));
  await esxi.apply(HOST);
}, TIMEOUT_MS);
afterAll(() => esxi[Symbol.asyncDispose]());

type Attachment = MessageInitShape<typeof InitiatorSpecSchema>["attachments"];

function attachment(more: object = {}): Attachment {
  return [
    {
      target: TARGET,
      transport: Transport.ISER,
      portals: [{ address: "10.1.0.1", port: 3260 }],
      sessions: 1,
      multipath: Multipath.ROUND_ROBIN,
      luns: [{ number: 0, wwn: DEVICE, sizeBytes: 64n * 1024n * 1024n }],
      ...more,
    },
  ];
}

async function plan(attachments: Attachment) {
  const spec = create(InitiatorSpecSchema, { attachments: attachments ?? [] });
  return { spec, plan: (await esxi.initiator.plan({ spec }, DEADLINE)).plan };
}

async function apply(attachments: Attachment): Promise<string[]> {
  const { spec, plan: planned } = await plan(attachments);
  for await (const _ of esxi.initiator.apply({ spec, planHash: planned?.hash ?? "" }, DEADLINE));
  return planned?.steps.map(({ id }) => id) ?? [];
}

const steps = async (attachments: Attachment) => (await plan(attachments)).plan?.steps.map(({ id }) => id);

afterEach(async () => {
  esxi.host.change((state) => Object.assign(state, { faults: {} }));
  await apply([]);
  esxi.host.change((state) => (state.devices = {}));
}, TIMEOUT_MS);

test(
  "sessions, path policy and queue depth are set up over iSER, read back, and taken away",
  async () => {
    const wish = attachment({ sessions: 3, queueDepth: 64 });
    expect(await apply(wish)).toEqual([
      `make static-target vmrdma0 ${TARGET} 10.1.0.1:3260`,
      `make login vmrdma0 ${TARGET}`,
      `make lun ${TARGET} 0`,
    ]);
    const { sessions, devices } = esxi.host.state();
    expect(sessions.map(({ adapter }) => adapter)).toEqual(["vmhba64", "vmhba64", "vmhba64"]);
    expect(devices[DEVICE]).toMatchObject({ psp: "VMW_PSP_RR", iops: 1, depth: 64 });
    expect(await steps(wish)).toEqual([]);
    const { initiator, luns } = await esxi.initiator.inspect({}, DEADLINE);
    expect(initiator).toBe("iqn.1998-01.com.vmware:esx1-38de6805");
    expect(luns).toHaveLength(3);
    expect(luns[0]).toMatchObject({ target: TARGET, transport: Transport.ISER, disk: DEVICE, sizeBytes: 67_108_864n });

    expect(await apply(attachment({ sessions: 3, queueDepth: 32 }))).toEqual([`set lun ${TARGET} 0`]);
    expect(esxi.host.state().devices[DEVICE]?.depth).toBe(32);
    await apply([]);
    expect(esxi.host.state()).toMatchObject({ sessions: [], adapters: { vmhba64: { statics: [] } } });
  },
  TIMEOUT_MS,
);

test(
  "the same over TCP goes by the software adapter",
  async () => {
    await apply(attachment({ transport: Transport.ISCSI }));
    expect(esxi.host.state().sessions).toMatchObject([{ adapter: "vmhba37", state: "logged_in" }]);
  },
  TIMEOUT_MS,
);

test(
  "a LUN that is not what the target made is refused, and is made good by the next apply",
  async () => {
    const swapped = "naa.600140500000000000000000000000b2";
    esxi.host.change(({ targets }) => (targets[TARGET] = [{ number: 0, device: swapped, sizeMib: 64 }]));
    await expect(apply(attachment())).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringContaining(`LUN 0 of ${TARGET} is ${swapped}, and ${DEVICE} was expected`),
    });
    esxi.host.change(({ targets }) => (targets[TARGET] = [{ number: 0, device: DEVICE, sizeMib: 32 }]));
    await expect(apply(attachment())).rejects.toMatchObject({ message: expect.stringContaining("33554432 B") });
    esxi.host.change(({ targets }) => (targets[TARGET] = [{ number: 0, device: DEVICE, sizeMib: 64 }]));
    await apply(attachment());
    expect(await steps(attachment())).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "a queue depth that the driver does not offer is told in the host's words, and one that is ignored is found out",
  async () => {
    await expect(apply(attachment({ queueDepth: 254 }))).rejects.toMatchObject({
      message: expect.stringContaining("Unable to set device's max-queue-depth"),
    });
    esxi.host.change(({ faults }) => (faults["storage core device set"] = "ignored"));
    await expect(apply(attachment({ queueDepth: 64 }))).rejects.toMatchObject({
      message: expect.stringContaining(`shows ${DEVICE} with queueDepth 128 instead of 64`),
    });
  },
  TIMEOUT_MS,
);

test(
  "a session that is down makes the login anew",
  async () => {
    await apply(attachment());
    esxi.host.change(({ sessions }) => sessions.forEach((each) => (each.state = "free")));
    expect(await apply(attachment())).toContain(`make login vmrdma0 ${TARGET}`);
    expect(esxi.host.state().sessions.map(({ state }) => state)).toEqual(["logged_in"]);
  },
  TIMEOUT_MS,
);

test(
  "the hypervisor's network is not taken away below sessions",
  async () => {
    await apply(attachment());
    await expect(esxi.plan({ ...HOST, iser: [] })).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringContaining(`iser vmrdma0 must be removed, but it has`),
    });
  },
  TIMEOUT_MS,
);

test.each([
  ["another transport", { transport: Transport.NVME_TCP }, "attaches iscsi and iser, and not nvme-tcp"],
  [
    "another network",
    { portals: [{ address: "10.9.0.1", port: 3260 }] },
    "has a bound port in the network of 10.9.0.1",
  ],
  ["a disk for each session", { sessions: 2, multipath: Multipath.NONE }, "makes one disk of several sessions"],
  ["a device of its own", { luns: [{ number: 0, wwn: DEVICE, device: "x" }] }, "workloads do not run on an ESXi host"],
  ["CHAP", { chap: { user: "me", secret: "s" } }, "CHAP cannot be set"],
])(
  "what an ESXi host cannot have is refused before anything is done: %s",
  async (_what, more, why) => {
    await expect(plan(attachment(more))).rejects.toMatchObject({ message: expect.stringContaining(why) });
  },
  TIMEOUT_MS,
);

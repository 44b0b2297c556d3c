/** The InitiatorService beside an ESXi host, by the spec that a Linux host takes. */
import { Multipath, Transport } from "@salvo/proto/storage_pb.ts";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  attachment,
  DEADLINE,
  type EsxiLab,
  IQN,
  ISER,
  labTarget,
  LUN_MIB,
  LUNS,
  type Spec,
  startEsxiLab,
  TIMEOUT_MS,
} from "./esxi-agent.ts";

const HOST = { ...ISER, softwareIscsi: { vmkernels: ["vmk1"] } } satisfies Spec;
const [DEVICE] = LUNS;
const BYTES = BigInt(LUN_MIB) * 1024n * 1024n;
const one = (more: object = {}) => attachment({ luns: [{ number: 0, wwn: DEVICE, sizeBytes: BYTES }], ...more });

let esxi: EsxiLab;
beforeAll(async () => {
  esxi = await startEsxiLab({ targets: [labTarget({ luns: [DEVICE] })] });
  await esxi.apply(HOST);
}, TIMEOUT_MS);
afterAll(() => esxi[Symbol.asyncDispose]());

afterEach(async () => {
  esxi.host.change((state) => (state.faults = []));
  await esxi.attach([]);
  esxi.host.change(({ outside, storage }) => {
    outside.targets = [labTarget({ luns: [DEVICE] })];
    storage.configs = [];
  });
}, TIMEOUT_MS);

test(
  "sessions, path policy and queue depth are set up over iSER, read back, and taken away",
  async () => {
    const wish = one({ sessions: 3, queueDepth: 64 });
    expect(await esxi.attach(wish)).toEqual([
      `make static-target vmrdma0 ${IQN} 10.1.0.1:3260`,
      `make login vmrdma0 ${IQN}`,
      `make lun ${IQN} 0`,
    ]);
    const { iscsi, storage } = esxi.host.state();
    expect(iscsi.sessions.map(({ adapter }) => adapter)).toEqual(["vmhba64", "vmhba64", "vmhba64"]);
    expect(storage.configs.find(({ id }) => id === DEVICE)).toMatchObject({
      psp: "VMW_PSP_RR",
      rr: { type: "iops", iops: 1 },
      maxQueueDepth: 64,
    });
    expect(await esxi.planAttach(wish)).toEqual([]);
    const { initiator, luns } = await esxi.initiator.inspect({}, DEADLINE);
    expect(initiator).toMatch(/^iqn\.1998-01\.com\.vmware:esxi1-/);
    expect(luns).toHaveLength(3);
    expect(luns[0]).toMatchObject({ target: IQN, transport: Transport.ISER, disk: DEVICE, sizeBytes: BYTES });

    expect(await esxi.attach(one({ sessions: 3, queueDepth: 32 }))).toEqual([`set lun ${IQN} 0`]);
    await esxi.attach([]);
    expect(esxi.host.state().iscsi.sessions).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "the same over TCP goes by the software adapter",
  async () => {
    await esxi.attach(one({ transport: Transport.ISCSI }));
    const { sessions, adapters } = esxi.host.state().iscsi;
    const software = adapters.find(({ driver }) => driver === "iscsi_vmk");
    expect(sessions.map(({ adapter }) => adapter)).toEqual([software?.name]);
  },
  TIMEOUT_MS,
);

test(
  "a LUN that is not what the target made is refused, and is made good by the next apply",
  async () => {
    const swapped = "naa.600140500000000000000000000000b2";
    esxi.host.change(({ outside }) => (outside.targets = [labTarget({ luns: [swapped] })]));
    await expect(esxi.attach(one())).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringContaining(`LUN 0 of ${IQN} is ${swapped}, and ${DEVICE} was expected`),
    });
    esxi.host.change(({ outside }) => (outside.targets = [labTarget({ luns: [DEVICE] })]));
    await esxi.attach(one());
    expect(await esxi.planAttach(one())).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "a queue depth that the driver does not offer is told in the host's words, and one that is ignored is found out",
  async () => {
    await expect(esxi.attach(one({ queueDepth: 254 }))).rejects.toMatchObject({
      message: expect.stringContaining("Unable to set device's max-queue-depth"),
    });
    esxi.host.fault({ command: "esxcli storage core device set", exitCode: 0 });
    await expect(esxi.attach(one({ queueDepth: 64 }))).rejects.toMatchObject({
      message: expect.stringContaining(`shows ${DEVICE} with queueDepth 128 instead of 64`),
    });
  },
  TIMEOUT_MS,
);

test(
  "the hypervisor's network is not taken away below sessions",
  async () => {
    await esxi.attach(one());
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
    await expect(esxi.planAttach(one(more))).rejects.toMatchObject({ message: expect.stringContaining(why) });
  },
  TIMEOUT_MS,
);

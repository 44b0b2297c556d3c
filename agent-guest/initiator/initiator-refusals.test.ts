import { Transport } from "@salvo/proto/storage_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { afterEach, expect, test, vi } from "vitest";
import {
  NOTHING,
  NVME,
  THEIRS,
  X,
  attachmentTo,
  connectByHand,
  engine,
  leftOn,
  othersOn,
  specOf,
} from "./initiator.fixture.ts";
import { type SimulatedInitiator, simulateInitiator } from "./simulated-initiator.fixture.ts";
import type { RemoteTarget } from "./simulated-network.fixture.ts";

afterEach(() => void vi.useRealTimers());

const LUN = X.luns[0]!;
const NAMESPACE = NVME.luns[0]!;

test("what others made is shown, and stays as it is", async () => {
  const host = simulateInitiator([X, NVME]);
  othersOn(host);
  host.put("/sys/class/iscsi_session/session99/state", "FREE\n"); // of a discovery: it has no target
  const before = host.contents();
  const { apply, inspect } = engine(host);
  await apply(specOf(attachmentTo(X, { sessions: 2 }), attachmentTo(NVME)));
  const { items, shown } = await inspect();
  const others = items.filter(({ id, ours }) => !ours && /^(record|login) /.test(id));
  expect(others.map(({ id }) => id)).toEqual([
    `record ${THEIRS} 10.0.0.8:3260`,
    `record ${THEIRS} 10.0.0.9:3260`,
    `login ${THEIRS} 10.0.0.9:3260`,
    "login nqn.2003-01.com.example:theirs 10.0.0.9:4420",
  ]);
  expect(shown.luns).toContainEqual(
    expect.objectContaining({
      target: THEIRS,
      session: "session1",
      disk: "sda",
      multipath: "dm-0",
      state: "LOGGED_IN",
    }),
  );
  await apply(NOTHING);
  expect(leftOn(host, before)).toEqual([]);
  const after = host.contents();
  for (const [path, text] of before) expect([path, after.get(path)]).toEqual([path, text]);
});

const iscsiadm = (host: SimulatedInitiator, portal: string, ...args: string[]) =>
  host.run("iscsiadm", ["-m", "node", "-T", X.name, "-p", portal, ...args]);

test.each<[string, (host: SimulatedInitiator) => void, string]>([
  [
    "a record",
    (host) => iscsiadm(host, "10.0.0.1:3260", "-o", "new"),
    `record ${X.name} 10.0.0.1:3260 is there already`,
  ],
  [
    "a session without a record",
    (host) => {
      iscsiadm(host, "10.0.0.1:3260", "-o", "new");
      iscsiadm(host, "10.0.0.1:3260", "--login");
      host.remove(`/etc/iscsi/nodes/${X.name}`);
    },
    `login ${X.name} 10.0.0.1:3260 is there already`,
  ],
  [
    "a session by another portal",
    (host) => {
      iscsiadm(host, "10.0.0.2:3260", "-o", "new");
      iscsiadm(host, "10.0.0.2:3260", "--login");
    },
    `lun ${X.name}/0 is there already`,
  ],
])("%s of others is in the way: refused by its name, and left alone", async (_, make, message) => {
  const host = simulateInitiator([{ ...X, portals: ["10.0.0.1:3260", "10.0.0.2:3260"] }]);
  othersOn(host);
  make(host);
  const { apply, plan } = engine(host);
  const before = host.contents();
  await expect(plan(specOf(attachmentTo(X)))).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringContaining(message),
    remedy: expect.stringContaining("by hand"),
  });
  await apply(NOTHING);
  expect(host.contents()).toEqual(before);
});

test("a controller of others is in the way: refused by its name, and left alone", async () => {
  const host = simulateInitiator([NVME]);
  host.run("modprobe", ["nvme_tcp"]);
  connectByHand(host, "10.0.0.1", NVME.name);
  const { apply, plan } = engine(host);
  await expect(plan(specOf(attachmentTo(NVME)))).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringContaining(`login ${NVME.name} 10.0.0.1:4420 is there already`),
  });
  await apply(NOTHING);
  expect(host.list("/sys/class/nvme")).toEqual(["nvme0"]);
});

/** As it is kept unless somebody says otherwise: with the number of the target's group of portals, and a file for each face. */
function discoverByHand(host: SimulatedInitiator, target: string): void {
  const record = `node.name = ${target}\niface.iscsi_ifacename = default\n`;
  host.put(`/etc/iscsi/nodes/${target}/10.0.0.1,3260,1/default`, record);
}

test("a record that a discovery has kept is shown", async () => {
  const host = simulateInitiator();
  discoverByHand(host, THEIRS);
  const { items } = await engine(host).inspect();
  const record = { id: expect.stringContaining(`record ${THEIRS} 10.0.0.1`), ours: false };
  expect(items).toEqual([expect.objectContaining(record)]);
});

test("a record that a discovery has kept is in the way: iscsiadm would change and delete it as if it were ours", async () => {
  const host = simulateInitiator([X]);
  discoverByHand(host, X.name);
  await expect(engine(host).plan(specOf(attachmentTo(X)))).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringContaining(`record ${X.name} 10.0.0.1`),
  });
});

const OTHER_WWN = "naa.6001405aaaaaaaaaaaaaaaaaaaaaaaa";
const WRONG = [
  { what: "WWN", of: X, lun: { ...LUN, wwn: OTHER_WWN }, message: `/dev/sda is ${OTHER_WWN}, not` },
  { what: "serial number", of: X, lun: { ...LUN, serial: "another" }, message: "has the serial number another, not" },
  { what: "size", of: X, lun: { ...LUN, sizeBytes: 2n ** 22n }, message: "/dev/sda has 4194304 B, not 2097152 B" },
  { what: "WWN", of: NVME, lun: { ...NAMESPACE, wwn: "uuid.a" }, message: "/dev/nvme0n1 is uuid.a, not" },
];

test.each(WRONG)("a LUN of another $what is refused, is no device, and can be detached", async (wrong) => {
  const host = simulateInitiator([{ ...wrong.of, luns: [wrong.lun] }]);
  const before = host.contents();
  const { apply, taken } = engine(host);
  await expect(apply(specOf(attachmentTo(wrong.of)))).rejects.toMatchObject({
    kind: "refused",
    host: "guest1",
    message: expect.stringContaining(wrong.message),
    remedy: expect.stringContaining("look at the portal"),
  });
  expect(await taken()).toEqual([]);
  await apply(NOTHING);
  expect(leftOn(host, before)).toEqual([]);
});

const TRIED_AGAIN = "a LUN of another $what is refused as often as it is tried, also as no device";

async function expectRefusedTwice({ of, lun, message }: (typeof WRONG)[number]): Promise<void> {
  const { apply } = engine(simulateInitiator([{ ...of, luns: [lun] }]));
  const spec = specOf(attachmentTo(of, { luns: of.luns.slice(0, 1) }));
  await expect(apply(spec)).rejects.toThrow(message);
  await expect(apply(spec)).rejects.toThrow(message);
}

test.each(WRONG.filter(({ what }) => what !== "serial number"))(TRIED_AGAIN, expectRefusedTwice);
test.each(WRONG.filter(({ what }) => what === "serial number"))(TRIED_AGAIN, expectRefusedTwice);

test("a path of a map that is another LUN since is refused", async () => {
  const host = simulateInitiator([X]);
  const { apply } = engine(host);
  const spec = specOf(attachmentTo(X, { sessions: 2 }));
  await apply(spec);
  host.put("/sys/block/sdb/device/wwid", `${OTHER_WWN}\n`);
  await expect(apply(spec)).rejects.toThrow(`/dev/sdb is ${OTHER_WWN}, not`);
});

test("a disk more than there are sessions of ours is refused: it came by a session of others", async () => {
  const host = simulateInitiator([{ ...X, portals: ["10.0.0.1:3260", "10.0.0.2:3260"] }]);
  othersOn(host);
  host.network.looksUntilDisks = 5;
  iscsiadm(host, "10.0.0.2:3260", "-o", "new");
  iscsiadm(host, "10.0.0.2:3260", "--login");
  const { apply, taken } = engine(host);
  await expect(apply(specOf(attachmentTo(X)))).rejects.toMatchObject({
    kind: "wrong-state",
    message: expect.stringContaining("has 2 disks, not 1"),
  });
  expect(await taken()).toEqual([]);
});

test("a LUN that bears data is refused, and is no device", async () => {
  const host = simulateInitiator([X]);
  host.put("/written", "/dev/sda\n");
  const { apply, taken } = engine(host);
  await expect(apply(specOf(attachmentTo(X)))).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringContaining("[unknown-content]"),
  });
  expect(await taken()).toEqual([]);
});

test("a LUN that never comes: a timeout says how many disks were waited for", async () => {
  const { apply } = engine(simulateInitiator([{ ...X, luns: [] }]));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const caught: unknown[] = [];
  const applied = apply(specOf(attachmentTo(X, { sessions: 2 }))).catch((error: unknown) => caught.push(error));
  while (caught.length === 0) await vi.advanceTimersByTimeAsync(1000);
  await applied;
  const [error] = caught;
  expect(error).toBeInstanceOf(SalvoError);
  expect(error).toMatchObject({
    kind: "timeout",
    message: expect.stringContaining(`waiting for 2 disks of LUN 0 of ${X.name}`),
  });
});

async function expectToldByDiscovery(network: readonly RemoteTarget[]): Promise<void> {
  const host = simulateInitiator(network);
  const before = host.contents();
  await expect(engine(host).apply(specOf(attachmentTo(X)))).rejects.toMatchObject({
    kind: "program-failed",
    host: "guest1",
    message: expect.stringMatching(/^iscsiadm -m discovery /),
  });
  expect(leftOn(host, before)).toEqual([]);
}

test.each([
  ["nobody", []],
  ["another target", [{ ...X, name: "iqn.2026-11.test.salvo:lab.target.other" }]],
  ["the target, over iSER alone", [{ ...X, transports: ["iser"] }]],
])("at the portal there is %s: discovery tells it, and no record is kept", (_, network) =>
  expectToldByDiscovery(network),
);

test("at the portal there is a target whose name begins as that of ours: discovery tells it, and no record is kept", () =>
  expectToldByDiscovery([{ ...X, name: `${X.name}2` }]));

const LOCAL = { transport: Transport.LOCAL };
const CHAP = { user: "guest1", secret: "chap" };
const OF_TARGET2 = { ...X, name: "iqn.2026-11.test.salvo:lab.target2.x" };

test.each([
  ["portals of this host's own disk", attachmentTo(X, LOCAL), "a local target has no portals"],
  ["no portal", attachmentTo(X, { portals: [] }), "it has no portal"],
  ["CHAP of NVMe", attachmentTo(NVME, { chap: CHAP }), "CHAP works only with iSCSI and iSER"],
  [
    "CHAP of this host's own disk",
    attachmentTo(X, { ...LOCAL, portals: [], chap: CHAP }),
    "CHAP works only with iSCSI and iSER",
  ],
  [
    "a device that the agent's file has",
    attachmentTo(X, { luns: [{ ...LUN, device: "file0" }] }),
    "another device file0",
  ],
  [
    "a LUN for guests of a hypervisor",
    attachmentTo(X, { luns: [{ ...LUN, guests: [{ agent: "guest2", vm: "vm2" }] }] }),
    "LUN 0 is for guest2, and this host gives no disks to guests",
  ],
  ["a device of an agent that is not in lunsOf", attachmentTo({ ...X, name: THEIRS }), "[foreign-target]"],
  ["a device of an agent whose name begins as one in lunsOf", attachmentTo(OF_TARGET2), "[foreign-target]"],
  ["a secret that there is not", attachmentTo(X, { chap: { ...CHAP, secret: "none" } }), "secrets/none"],
])("refused before anything is done: %s", async (_, attachment, message) => {
  const host = simulateInitiator([X, NVME]);
  const { apply } = engine(host);
  const before = host.contents();
  await expect(apply(specOf(attachment))).rejects.toThrow(message);
  expect(host.contents()).toEqual(before);
  expect(host.ran).toEqual([]);
});

test("a host without a name as an initiator can be attached by NVMe alone", async () => {
  const host = simulateInitiator([X, NVME]);
  host.put("/etc/iscsi/initiatorname.iscsi", "## InitiatorName=none\n");
  const { apply, plan, inspect } = engine(host);
  await expect(plan(specOf(attachmentTo(X)))).rejects.toMatchObject({
    kind: "refused",
    file: "/etc/iscsi/initiatorname.iscsi",
    remedy: expect.stringContaining("iscsi-iname"),
  });
  await apply(specOf(attachmentTo(NVME)));
  expect((await inspect()).shown).toMatchObject({ initiator: "", hostNqn: "nqn.2014-08.org.nvmexpress:uuid:f00" });
});

test.each([
  ["iscsi_tcp", attachmentTo(X)],
  ["ib_iser", attachmentTo(X, { transport: Transport.ISER })],
  ["nvme_tcp", attachmentTo(NVME)],
  ["nvme_rdma", attachmentTo(NVME, { transport: Transport.NVME_RDMA })],
  ["dm_multipath", attachmentTo(X, { sessions: 2 })],
  ["dm_service_time", attachmentTo(X, { sessions: 2 })],
])("a kernel without %s is told before anything is done", async (module, attachment) => {
  const all = ["sd_mod", "iscsi_tcp", "ib_iser", "nvme_tcp", "nvme_rdma", "dm_multipath", "dm_service_time"];
  const host = simulateInitiator([X, NVME], all.filter((each) => each !== module).join(" "));
  await expect(engine(host).plan(specOf(attachment))).rejects.toMatchObject({
    kind: "refused",
    message: `the kernel here (6.1.0) has no module ${module}`,
  });
});

import { Multipath, Transport } from "@salvo/proto/storage_pb.ts";
import { expect, test } from "vitest";
import { memory } from "../target/target.fixture.ts";
import { NOTHING, NVME, PORTAL, SECRET, X, attachmentTo, engine, leftOn, specOf } from "./initiator.fixture.ts";
import { simulateInitiator } from "./simulated-initiator.fixture.ts";

const CHAP = { user: "guest1", secret: "chap" };

/** make module ib_iser, remove lun iqn...: without the names. */
function changesIn(steps: readonly string[]): string[] {
  return steps.map((step) => step.split(" ").slice(0, 2).join(" "));
}

const ANEW = ["remove device", "remove lun", "remove login", "remove record"];
const MADE = ["make record", "make login", "make lun", "make device"];

test.each([
  ["another transport", { transport: Transport.ISER }, ["make module", ...MADE], "iscsi_iser"],
  ["more sessions", { sessions: 2, multipath: Multipath.NONE }, [...MADE, "make device"], "iscsi_tcp,iscsi_tcp"],
  ["another queue depth", { queueDepth: 8 }, MADE, "iscsi_tcp"],
])("%s: logged in anew", async (_, more, made, transports) => {
  const host = simulateInitiator([X]);
  const { apply, stepsFor } = engine(host);
  await apply(specOf(attachmentTo(X)));
  const spec = specOf(attachmentTo(X, more));
  expect(changesIn(await stepsFor(spec))).toEqual([...ANEW, ...made]);
  await apply(spec);
  const hosts = (host.list("/sys/class/scsi_host") ?? []).map((each) =>
    host.read(`/sys/class/scsi_host/${each}/proc_name`),
  );
  expect(hosts.join()).toBe(transports);
  expect(host.list("/sys/class/iscsi_session")).not.toContain("session1");
  await apply(specOf(attachmentTo(X)));
  expect(host.list("/sys/class/iscsi_session")).toHaveLength(1);
});

test("another number of controllers, or another queue depth of them: connected anew", async () => {
  const host = simulateInitiator([NVME]);
  const { apply, stepsFor } = engine(host);
  await apply(specOf(attachmentTo(NVME)));
  const two = specOf(attachmentTo(NVME, { sessions: 2 }));
  const steps = [
    "remove device",
    "remove lun",
    "remove lun",
    "remove login",
    "make login",
    "make lun",
    "make device",
    "make lun",
  ];
  expect(changesIn(await stepsFor(two))).toEqual(steps);
  await apply(two);
  const deep = specOf(attachmentTo(NVME, { sessions: 2, queueDepth: 32 }));
  expect(changesIn(await stepsFor(deep))).toEqual(steps);
  await apply(deep);
  const sizes = (host.list("/sys/class/nvme") ?? []).map((name) => host.read(`/sys/class/nvme/${name}/sqsize`));
  expect(sizes).toEqual(["31", "31"]);
  expect(await stepsFor(deep)).toEqual([]);
});

test.each([
  [Multipath.SERVICE_TIME, "service-time"],
  [Multipath.ROUND_ROBIN, "round-robin"],
  [Multipath.QUEUE_LENGTH, "queue-length"],
])("a map takes its paths by the policy that is wanted, %s is %s; another makes it anew", async (multipath, policy) => {
  const host = simulateInitiator([X]);
  const { apply, stepsFor, taken } = engine(host);
  const other = multipath === Multipath.ROUND_ROBIN ? Multipath.SERVICE_TIME : Multipath.ROUND_ROBIN;
  await apply(specOf(attachmentTo(X, { sessions: 2, multipath: other })));
  const spec = specOf(attachmentTo(X, { sessions: 2, multipath }));
  expect(changesIn(await stepsFor(spec))).toEqual([
    "remove device",
    "remove map",
    "make module",
    "make map",
    "make device",
  ]);
  await apply(spec);
  expect(host.read(`/dev/mapper/salvo-${X.luns[0]?.wwn}`)).toBe(
    `0 4096 multipath 0 0 1 1 ${policy} 0 2 1 8:0 1 8:16 1`,
  );
  expect(host.read("/sys/block/dm-0/dm/uuid")).toBe(`mpath-salvo-${policy}-${X.luns[0]?.wwn}`);
  expect(await taken()).toEqual([{ name: "lun0", node: "253:0#5" }]);
});

test("another user, another secret, or none: logged in anew", async () => {
  const host = simulateInitiator([{ ...X, chap: { user: "guest1", password: SECRET } }]);
  const { apply, stepsFor } = engine(host);
  await apply(specOf(attachmentTo(X, { chap: CHAP })));
  const others = [
    { chap: { user: "guest2", secret: "chap" } },
    { chap: { user: "guest1", secret: "other" } },
    { sessions: 1 },
  ];
  for (const more of others)
    expect(changesIn(await stepsFor(specOf(attachmentTo(X, more))))).toEqual([...ANEW, ...MADE]);
  await expect(apply(specOf(attachmentTo(X, others[1])))).rejects.toThrow("authorization failure");
});

test("the secret's file has another secret since: logged in anew", async () => {
  const host = simulateInitiator([X]);
  const { apply, stepsFor } = engine(host);
  const spec = specOf(attachmentTo(X, { chap: CHAP }));
  await apply(spec);
  host.put("/agent/secrets/chap", "open barley 34\n");
  expect(changesIn(await stepsFor(spec))).toEqual([...ANEW, ...MADE]);
});

test("of several attachments one goes, and the others' sessions are those that they were", async () => {
  const y = {
    ...X,
    name: `${X.name}y`,
    luns: [{ ...X.luns[0]!, wwn: "naa.6001405e00000000000000000000000", serial: "e" }],
  };
  const host = simulateInitiator([X, y, NVME]);
  const { apply, stepsFor, taken } = engine(host);
  const toY = attachmentTo(y, { sessions: 2, luns: [{ ...y.luns[0]!, device: "lun1" }] });
  const toNvme = attachmentTo(NVME, { luns: [{ ...NVME.luns[0]!, device: "lun2" }] });
  await apply(specOf(attachmentTo(X), toY, toNvme));
  expect((await taken()).map(({ name }) => name)).toEqual(["lun0", "lun1", "lun2"]);
  const less = specOf(toY, toNvme);
  expect((await stepsFor(less)).every((step) => step.startsWith("remove "))).toBe(true);
  await apply(less);
  expect(host.list("/sys/class/iscsi_session")).toEqual(["session2", "session3"]);
  expect(host.list("/sys/class/nvme")).toEqual(["nvme0"]);
  expect((await taken()).map(({ name }) => name)).toEqual(["lun1", "lun2"]);
  expect(host.list(`/etc/iscsi/nodes/${X.name}`)).toBeUndefined();
});

const SECOND = { ...X.luns[0]!, number: 1, wwn: "naa.6001405e00000000000000000000000", serial: "e" };
const SHARED = { ...X, luns: [X.luns[0]!, SECOND] };

test.each([
  ["iSCSI", SHARED],
  ["NVMe", NVME],
])(
  "%s: a LUN of the same target that is another guest's goes with the sessions, and is in nobody's way",
  async (_, target) => {
    const host = simulateInitiator([target]);
    const before = host.contents();
    const { apply, stepsFor } = engine(host);
    const one = specOf(attachmentTo(target, { luns: target.luns.slice(0, 1) }));
    await apply(one);
    expect(await stepsFor(one)).toEqual([]);
    await apply(NOTHING);
    expect(leftOn(host, before)).toEqual([]);
  },
);

test.each([
  ["iSCSI", SHARED],
  ["NVMe", NVME],
])("%s: a LUN that a session of ours shows already can be wanted later, and again", async (_, target) => {
  const { apply, stepsFor } = engine(simulateInitiator([target]));
  const [one, both] = [target.luns.slice(0, 1), target.luns].map((luns) => specOf(attachmentTo(target, { luns })));
  for (const spec of [one!, both!, one!, both!]) {
    await apply(spec);
    expect(await stepsFor(spec)).toEqual([]);
  }
});

test("a LUN that its target has made since the login is found by a rescan", async () => {
  const host = simulateInitiator([X]);
  const { apply, inspect } = engine(host);
  await apply(specOf(attachmentTo(X)));
  const more = {
    ...X,
    luns: [...X.luns, { ...X.luns[0]!, number: 7, wwn: "naa.6001405d00000000000000000000000", serial: "d" }],
  };
  host.network.targets = [more];
  await apply(specOf(attachmentTo(more)));
  expect((await inspect()).shown.luns.map(({ session, number }) => [session, number])).toEqual([
    ["session1", 0],
    ["session1", 7],
  ]);
});

test("after the host was started anew it logs in by the record that there is, and takes the disk as another", async () => {
  const host = simulateInitiator([X, NVME]);
  const made = memory();
  const spec = specOf(
    attachmentTo(X, { sessions: 2 }),
    attachmentTo(NVME, { luns: [{ ...NVME.luns[0]!, device: "lun1" }] }),
  );
  await engine(host, made).apply(spec);
  host.reboot();
  const { apply, stepsFor, taken } = engine(host, made);
  expect(await taken()).toEqual([]);
  expect(await stepsFor(spec)).not.toContainEqual(expect.stringMatching(/record|remove/));
  await apply(spec);
  expect(await stepsFor(spec)).toEqual([]);
  expect((await taken()).map(({ name }) => name)).toEqual(["lun0", "lun1"]);
});

test("a session that is lost is told, and logged in anew when it is applied again", async () => {
  const host = simulateInitiator([X]);
  const { apply, stepsFor, inspect } = engine(host);
  const spec = specOf(attachmentTo(X, { sessions: 2 }));
  await apply(spec);
  host.put("/sys/class/iscsi_session/session2/state", "FAILED\n");
  const problems = (await inspect()).items.flatMap(({ id, problem }) => (problem === undefined ? [] : [[id, problem]]));
  expect(problems).toEqual([[`login ${X.name} 10.0.0.1:3260`, "1 of 2 is FAILED"]]);
  expect(changesIn(await stepsFor(spec))).toEqual([
    "remove device",
    "remove map",
    "remove lun",
    "remove login",
    "make login",
    "make lun",
    "make map",
    "make device",
  ]);
  await apply(spec);
  expect(host.list("/sys/class/iscsi_session")).toEqual(["session3", "session4"]);
  expect(await stepsFor(spec)).toEqual([]);
});

test("a disk that somebody has removed is found again, and a device waits for all of them", async () => {
  const host = simulateInitiator([X]);
  const { apply, stepsFor, taken } = engine(host);
  const spec = specOf(attachmentTo(X, { sessions: 2, multipath: Multipath.NONE }));
  await apply(spec);
  host.remove("/sys/devices/platform/host1/session1/target1:0:0");
  host.remove("/sys/block/sda");
  host.network.looksUntilDisks = 10;
  await apply(spec);
  expect(await stepsFor(spec)).toEqual([]);
  expect((await taken()).map(({ node }) => node)).toEqual(["8:16#3", "8:0#4"]);
});

test("a session that somebody has ended and begun anew has another disk: it is taken anew", async () => {
  const host = simulateInitiator([X]);
  const { apply, stepsFor, inspect, taken } = engine(host);
  const spec = specOf(attachmentTo(X));
  await apply(spec);
  const node = ["-m", "node", "-T", X.name, "-p", "10.0.0.1:3260"];
  host.run("iscsiadm", [...node, "--logout"]);
  host.run("iscsiadm", [...node, "--login"]);
  const device = (await inspect()).items.find(({ id }) => id === "device lun0");
  expect(device?.problem).toBe("device 8:0#2, which was taken, is gone");
  expect(changesIn(await stepsFor(spec))).toEqual(["remove device", "make device"]);
  await apply(spec);
  expect(await taken()).toEqual([{ name: "lun0", node: "8:0#3" }]);
});

test("devices of a LUN are numbered in the order of its sessions, whatever their disks are called", async () => {
  const target = { ...X, portals: ["10.0.0.1:3260", "10.0.0.2:3260"] };
  const other = { ...X, name: `${X.name}y`, luns: [SECOND] };
  const { apply, inspect, taken } = engine(simulateInitiator([target, other]));
  const toOther = attachmentTo(other, { luns: [SECOND] });
  const more = { multipath: Multipath.NONE };
  await apply(specOf(toOther));
  await apply(specOf(toOther, attachmentTo(target, more)));
  await apply(specOf(attachmentTo(target, more)));
  await apply(specOf(attachmentTo(target, { ...more, portals: [PORTAL, { address: "10.0.0.2", port: 3260 }] })));
  const disks = (await inspect()).shown.luns.map(({ session, disk }) => `${session} ${disk}`);
  expect(disks.toSorted()).toEqual(["session2 sdb", "session3 sda"]);
  expect(await taken()).toEqual([
    { name: "lun0-1", node: "8:16#3" },
    { name: "lun0-2", node: "8:0#4" },
  ]);
});

/** Disks that another agent attaches to this host, which is simulated. */
import { create } from "@bufbuild/protobuf";
import { type AwaitedDisk, DiskSpecSchema } from "@salvo/proto/disk_pb.ts";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type AwaitedDisks, openAwaitedDisks } from "../guard/awaited-disks.ts";
import type { Disks } from "../guard/disks.ts";
import { type FreshLuns, openFreshLuns } from "../guard/fresh-luns.ts";
import { OWNERS, SimulatedHost, type Thing } from "../guard/host.fixture.ts";
import { openOccupation } from "../occupation.ts";
import { diskProvider } from "./disk-provider.ts";
import { openMade } from "./made.ts";
import { createProvisioner } from "./provisioner.ts";

let folder: string;
let host: SimulatedHost;
let disk: Thing;
let other: Thing;
let freshLuns: FreshLuns;
let awaited: AwaitedDisks;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-given-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  host = new SimulatedHost(6);
  const given = host.things.filter(({ attacher }) => attacher !== undefined);
  [disk, other] = given as [Thing, Thing]; // every third is
  boot("boot1");
});

function boot(id: string): void {
  freshLuns = openFreshLuns(folder, id);
  awaited = openAwaitedDisks(folder, id);
}

function agent({ disks = host.disks, owners = OWNERS } = {}) {
  const provisioner = createProvisioner({
    host: "guest1",
    name: "salvo.v1.DiskService",
    schema: DiskSpecSchema,
    provider: diskProvider({
      host: "guest1",
      disks,
      lab: "lab1",
      listed: [{ name: "disk" }],
      owners,
      freshLuns,
      awaited,
    }),
    made: openMade(join(folder, "made.json")),
    audit: { around: async (_, act) => act() },
    occupation: openOccupation("guest1"),
  });
  const plan = (disks: readonly Wish[]) => provisioner.plan(specOf(disks));
  return {
    stepsFor: async (disks: readonly Wish[]) => (await plan(disks)).steps.map(({ id }) => id),
    apply: async (disks: readonly Wish[]) => {
      const { hash } = await plan(disks);
      const signal = new AbortController().signal;
      await Array.fromAsync(provisioner.apply({ spec: specOf(disks), hash, who: "me", signal }));
    },
  };
}

type Wish = Partial<Pick<AwaitedDisk, "device" | "attacher" | "serial" | "wwn" | "sizeBytes">>;

function specOf(disks: readonly Wish[]) {
  const wishes = disks.map((wish) => ({ device: "lun1", attacher: "hv1", sizeBytes: disk.sizeBytes, ...wish }));
  return create(DiskSpecSchema, { disks: wishes });
}

/** As its attacher reports it. */
const reported = ({ serial, wwn }: Thing): Wish[] => [{ serial, wwn }];
const UNKNOWN: Wish[] = [{}];

/** The attacher attaches it. */
function give(thing: Thing): void {
  host.unplug(thing);
  host.plug(thing);
}

const taken = async () => (await freshLuns.list()).map(({ device: { name }, fresh: { node } }) => [name, node]);

test("a disk is awaited first, and taken by what its attacher reports once it has come; nothing is left in the end", async () => {
  const { apply, stepsFor } = agent();
  expect(await stepsFor(UNKNOWN)).toEqual(["make awaited lun1"]);
  await apply(UNKNOWN);
  expect(await stepsFor(UNKNOWN)).toEqual([]);
  give(disk);
  expect(await stepsFor(reported(disk))).toEqual(["make device lun1"]);
  await apply(reported(disk));
  expect(await stepsFor(reported(disk))).toEqual([]);
  expect(await taken()).toEqual([["lun1", host.nodeOf(disk)]]);
  await apply([]);
  expect(await taken()).toEqual([]);
  expect(await awaited.list()).toEqual([]);
  expect(host.writes).toBe(0);
});

test.each(["serial", "wwn"] as const)(
  "its %s alone will do, and how large it is for the guest is the attacher's word",
  async (key) => {
    const { apply } = agent();
    await apply([{ sizeBytes: 4096n }]);
    give(disk);
    await apply([{ [key]: disk[key] }]);
    expect(await taken()).toHaveLength(1);
  },
);

test("a disk that was here before it was awaited is not taken, whatever anybody reports", async () => {
  const { apply } = agent();
  await apply(UNKNOWN);
  await expect(apply(reported(disk))).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringContaining("was there before hv1 was asked to attach it [was-there]"),
  });
  expect(await taken()).toEqual([]);
});

test("of two disks that say the same of themselves none is taken, and none is armed", async () => {
  const { apply } = agent();
  await apply(UNKNOWN);
  give(disk);
  other.serial = disk.serial;
  await expect(apply(reported(disk))).rejects.toThrow("[ambiguous]");
  expect(await taken()).toEqual([]);
});

test.each([
  ["data", "[unknown-content]", (thing: Thing) => (thing.start = { type: "foreign" })],
  ["another size", "[size-mismatch]", (thing: Thing) => (thing.sizeBytes /= 2n)],
  ["a target of this host's own", "[foreign-target]", (thing: Thing) => (thing.target = { iqn: "iqn.x", lun: 0 })],
  ["a signature", "[signature]", (thing: Thing) => (thing.signature = "ext4")],
])("a disk with %s is not taken", async (_, code, alter) => {
  const { apply } = agent();
  const report = reported(disk).map((each) => ({ ...each, sizeBytes: disk.sizeBytes }));
  await apply(UNKNOWN);
  give(disk);
  alter(disk);
  await expect(apply(report)).rejects.toThrow(code);
  expect(await taken()).toEqual([]);
});

test("attached anew it is another disk, which is taken anew", async () => {
  const { apply, stepsFor } = agent();
  await apply(UNKNOWN);
  give(disk);
  await apply(reported(disk));
  give(disk);
  expect(await stepsFor(reported(disk))).toEqual(["remove device lun1", "make device lun1"]);
  await apply(reported(disk));
  expect(await taken()).toEqual([["lun1", host.nodeOf(disk)]]);
});

test("with another serial number reported it is another disk", async () => {
  const { apply, stepsFor } = agent();
  await apply(UNKNOWN);
  give(disk);
  give(other);
  await apply(reported(disk));
  expect(await stepsFor(reported(other))).toEqual(["remove device lun1", "make device lun1"]);
  await apply(reported(other));
  expect(await taken()).toEqual([["lun1", host.nodeOf(other)]]);
});

test("after the host was started anew nothing is awaited and nothing taken, and what is here was here before", async () => {
  await agent().apply(UNKNOWN);
  give(disk);
  await agent().apply(reported(disk));
  host.reboot(0);
  boot("boot2");
  const { apply, stepsFor } = agent();
  expect(await stepsFor(reported(disk))).toEqual(["make awaited lun1", "make device lun1"]);
  await expect(apply(reported(disk))).rejects.toThrow("[was-there]");
});

test("it waits for a disk that comes a while later", async () => {
  await agent().apply(UNKNOWN);
  host.unplug(disk);
  let looks = 0;
  const disks: Disks = {
    ...host.disks,
    identify() {
      if (++looks === 4) host.plug(disk);
      return host.disks.identify();
    },
  };
  await agent({ disks }).apply(reported(disk));
  expect(await taken()).toEqual([["lun1", host.nodeOf(disk)]]);
});

test("what the agent's own file does not allow is refused when it is planned", async () => {
  const { stepsFor } = agent();
  await expect(stepsFor([{ attacher: "hv2" }])).rejects.toMatchObject({
    kind: "refused",
    message: "runs may not write to LUNs that hv2 attaches [foreign-target]",
    remedy: expect.stringContaining("lunsOf"),
  });
  await expect(stepsFor([{ device: "disk" }])).rejects.toThrow("the agent's own file has another device disk");
  const none = agent({ owners: { ...OWNERS, attachers: [] } });
  await expect(none.stepsFor(UNKNOWN)).rejects.toThrow("[foreign-target]");
});

test("where the kernel does not count attachments, nobody waits for a disk", async () => {
  const disks: Disks = {
    ...host.disks,
    identify: () => host.disks.identify().map((each) => ({ ...each, node: each.node.split("#")[0] ?? "" })),
  };
  await expect(agent({ disks }).apply(UNKNOWN)).rejects.toMatchObject({
    kind: "refused",
    remedy: expect.stringContaining("Linux 5.15"),
  });
});

test("a disk that this host has attached itself is no business of this", async () => {
  const { apply, stepsFor } = agent();
  const device = host.list("lun9", disk);
  const fresh = { lab: "lab1", uuid: "u", device: "lun9", node: host.nodeOf(disk)!, used: false };
  await freshLuns.write({ device, fresh });
  expect(await stepsFor([])).toEqual([]);
  await apply(UNKNOWN);
  await apply([]);
  expect(await taken()).toHaveLength(1);
});

test.each([
  ["cut off", (text: string) => text.slice(0, -5)],
  ["nothing", () => "null"],
  ["without its boot", (text: string) => text.replace("boot", "boots")],
  ["since when is no number", (text: string) => text.replace(/"after":\d+/, '"after":"1"')],
])("a record of what is awaited that was damaged, %s, is named", async (_, damage) => {
  await agent().apply(UNKNOWN);
  const file = join(folder, "awaited", "lun1.json");
  const text = await readFile(file, "utf8");
  expect(damage(text)).not.toBe(text);
  await writeFile(file, damage(text));
  await expect(awaited.list()).rejects.toMatchObject({ kind: "corrupt", file });
});

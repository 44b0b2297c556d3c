/** LUNs that were made for a scenario, on a host that is simulated. */
import type { Device } from "@salvo/proto/lab_pb.ts";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { LABEL_BYTES, RESERVED_BYTES } from "../domain/guard/label.ts";
import { deviceHash } from "../domain/plan-hash.ts";
import type { Disks } from "./disks.ts";
import { listedDisk } from "./examine.ts";
import { openFreshLun, takeLun } from "./fresh-disk.ts";
import { type FreshLuns, openFreshLuns } from "./fresh-luns.ts";
import { OWNERS, SimulatedHost, type Thing } from "./host.fixture.ts";

let folder: string;
let host: SimulatedHost;
let freshLuns: FreshLuns;
let lun: Thing;
let other: Thing;
let device: Device;
beforeEach(async () => {
  host = new SimulatedHost(3);
  [, lun, other] = host.things as [Thing, Thing, Thing]; // as many as were asked for
  device = host.list("lun1", lun);
  folder = await mkdtemp(join(tmpdir(), "salvo-fresh-disk-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  freshLuns = openFreshLuns(folder, "boot");
});

const deps = () => ({ host: "guest1", disks: host.disks, lab: "lab1", owners: OWNERS, freshLuns });

async function take(thing = lun, as = device): Promise<void> {
  const disk = host.disks.identify().find(({ path }) => path === host.pathOf(thing));
  await takeLun(as, disk!, { lab: "lab1", uuid: `uuid of ${as.name}` }, deps());
}

async function open(name = "lun1", more: { disks?: Disks; freshLuns?: FreshLuns } = {}) {
  const taken = (await freshLuns.list()).find(({ device: of }) => of.name === name)!;
  const hash = deviceHash({ name, ...listedDisk(taken.device) }, taken.fresh);
  return openFreshLun(taken.device, taken.fresh, { ...deps(), ...more, deviceHash: hash });
}

const isUsed = async () => (await freshLuns.list()).map(({ fresh }) => fresh.used);

test("what comes onto a LUN between its taking and its first run is nobody's to overwrite", async () => {
  await take();
  expect(await isUsed()).toEqual([false]);
  lun.start = { type: "foreign" };
  await expect(open()).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringContaining("[unknown-content]"),
  });
  expect(await isUsed(), "no run was let near it").toEqual([false]);
  expect(host.free(lun)).toBe(true);
});

test("from its first run on, whatever workloads wrote there may be overwritten", async () => {
  await take();
  const first = await open();
  expect(await isUsed(), "durable before any gate is opened").toEqual([true]);
  first.recheck();
  first.close();
  lun.start = { type: "foreign" };
  const second = await open();
  second.recheck();
  second.close();
});

test("what comes onto it while its first run waits for its beginning is seen by the last look", async () => {
  await take();
  const first = await open();
  lun.start = { type: "foreign" };
  expect(() => first.recheck()).toThrow("[unknown-content]");
  first.close();
});

test("a LUN of which it cannot be kept that a run may have written to it is let go of", async () => {
  await take();
  const full = { ...freshLuns, write: () => Promise.reject(new Error("no space left")) };
  await expect(open("lun1", { freshLuns: full })).rejects.toThrow("no space left");
  expect(host.free(lun)).toBe(true);
});

test("the whole first MiB is read before anything was written there, and no more than its start afterwards", async () => {
  const looks: number[] = [];
  const disks: Disks = {
    ...host.disks,
    open(disk) {
      const opened = host.disks.open(disk);
      return { ...opened, look: (startBytes) => (looks.push(startBytes), opened.look(startBytes)) };
    },
  };
  await take();
  for (let run = 0; run < 2; run++) {
    const opened = await open("lun1", { disks });
    opened.recheck();
    opened.close();
  }
  expect(looks).toEqual([Number(RESERVED_BYTES), LABEL_BYTES, LABEL_BYTES, LABEL_BYTES]);
});

test("a record of an older agent, which does not say so, is of an unused one; one that says nonsense of none", async () => {
  await take();
  const file = join(folder, "fresh", "lun1.json");
  const kept = await readFile(file, "utf8");
  await writeFile(file, kept.replace(',"used":false', ""));
  expect(await isUsed()).toEqual([undefined]);
  lun.start = { type: "foreign" };
  await expect(open()).rejects.toThrow("[unknown-content]");
  await writeFile(file, kept.replace('"used":false', '"used":"no"'));
  await expect(freshLuns.list()).rejects.toMatchObject({ kind: "corrupt", file });
});

/** The same LUN by another session. */
function addSession(): void {
  const { serial, wwn, target, sizeBytes } = lun;
  Object.assign(other, { serial, wwn, target, sizeBytes });
}

const USES: readonly (readonly [code: string, use: (thing: Thing) => unknown])[] = [
  ["mounted", (thing) => (thing.mounted = true)],
  ["held", (thing) => (thing.volume = true)],
  ["open-elsewhere", (thing) => (thing.writer = true)],
];

test.for(USES)("a LUN whose disk of another session is used, %s, is neither taken nor armed", async ([code, use]) => {
  await take();
  addSession();
  use(other);
  await expect(open()).rejects.toMatchObject({ kind: "refused", message: expect.stringContaining(`[${code}]`) });
  await freshLuns.remove("lun1");
  await expect(take()).rejects.toMatchObject({ kind: "refused", message: expect.stringContaining(`[${code}]`) });
  expect(await freshLuns.list()).toEqual([]);
});

test("what cannot be found out about the disk of another session is a no", async () => {
  addSession();
  const path = host.pathOf(other);
  const disks: Disks = {
    ...host.disks,
    findWriters: (disk) => (disk.path === path ? { unknown: "no permission" } : host.disks.findWriters(disk)),
  };
  await take();
  await expect(open("lun1", { disks })).rejects.toThrow("writers could not be found out: no permission [cannot-tell]");
});

test("while a run is armed nobody takes the LUN's disk of another session, but runs of this agent what it has taken", async () => {
  addSession();
  await take();
  const held = await open();
  expect(host.free(other)).toBe(false);
  other.volume = true;
  expect(() => held.recheck()).toThrow("[held]");
  other.volume = false;
  held.close();
  expect([host.free(lun), host.free(other)]).toEqual([true, true]);

  const second = host.list("lun1-2", other);
  await take(other, second);
  other.writer = true; // fio, of the same run
  const one = await open();
  other.writer = false;
  const two = await open("lun1-2");
  for (const each of [one, two]) each.recheck();
  for (const each of [one, two]) each.close();
});

/** Claiming, releasing and holding a disk, on a host that is simulated; on real block devices: e2e/disk-guard.e2e.ts. */
import type { Device } from "@salvo/proto/lab_pb.ts";
import { beforeEach, expect, test } from "vitest";
import { LABEL_BYTES, readLabel } from "../domain/guard/label.ts";
import { deviceHash } from "../domain/plan-hash.ts";
import { claimDisk, releaseDisk } from "./claim-disk.ts";
import { listedDisk } from "./examine.ts";
import { openRawDisk } from "./raw-disk.ts";
import { SimulatedHost, type Thing } from "./host.fixture.ts";

const KEY = { lab: "lab1", uuid: "uuid-1" };
let host: SimulatedHost;
let thing: Thing;
let device: Device;
beforeEach(() => {
  host = new SimulatedHost(2);
  [thing] = host.things as [Thing, Thing]; // as many as were asked for
  device = host.list("lun0", thing);
});

const deps = (confirm: () => Promise<boolean> = async () => true) => ({
  host: "guest1",
  disks: host.disks,
  claims: host.claims,
  lab: "lab1",
  confirm,
  deviceHash: deviceHash({ name: device.name, ...listedDisk(device) }, host.records.get(device.name)),
});

const isBlank = () => thing.start.type === "blank";

test("a claim writes the label and its record, a release takes both away", async () => {
  expect(await claimDisk(device, KEY, deps())).toEqual({ ...KEY, device: "lun0" });
  expect(thing.start).toEqual({ type: "label", label: { ...KEY, device: "lun0" } });
  expect(host.records.get("lun0")).toEqual({ ...KEY, device: "lun0" });
  await releaseDisk(device, deps());
  expect(isBlank()).toBe(true);
  expect(host.records.size).toBe(0);
  expect(host.writes, "the label, and zeros in its place").toBe(2);
  expect(host.free(thing), "the handle was closed").toBe(true);
});

test("a disk whose claim nobody remembers is claimed once its owner has zeroed its start, as the refusal says", async () => {
  await claimDisk(device, KEY, deps());
  host.records.clear();
  await expect(claimDisk(device, KEY, deps())).rejects.toThrow("[already-claimed]");
  for (const what of [releaseDisk(device, deps()), openRawDisk(device, deps())])
    await expect(what).rejects.toMatchObject({
      message: expect.stringContaining("[not-claimed]"),
      remedy: expect.stringMatching(
        /owner may zero its first 4 KiB if nothing on it is wanted, and then claim it here/,
      ),
    });
  thing.start = readLabel(Buffer.alloc(LABEL_BYTES));
  expect(await claimDisk(device, KEY, deps())).toEqual({ ...KEY, device: "lun0" });
});

test("nothing is written when the person declines, or when what is asked for is refused beforehand", async () => {
  await expect(
    claimDisk(
      device,
      KEY,
      deps(async () => false),
    ),
  ).rejects.toMatchObject({
    kind: "invalid-input",
    message: "device lun0: nothing was written, as it was not confirmed",
    host: "guest1",
  });
  thing.mounted = true;
  let asked = false;
  const confirm = async () => (asked = true);
  await expect(claimDisk(device, KEY, deps(confirm))).rejects.toMatchObject({
    kind: "refused",
    host: "guest1",
    message: "device lun0: is mounted at /mnt [mounted]; is in exclusive use by another program [busy]",
    remedy: expect.stringMatching(/^Unmount it.* Another program has exclusive use of it/),
  });
  expect(asked, "nobody is asked about a disk that is refused").toBe(false);
  expect([isBlank(), host.records.size, host.writes]).toEqual([true, 0, 0]);
});

test("what happens while the person is asked is seen before anything is written", async () => {
  const meanwhile = async () => {
    thing.start = { type: "foreign" };
    return true;
  };
  await expect(claimDisk(device, KEY, deps(meanwhile))).rejects.toThrow("[unknown-content]");
  expect(host.records.size).toBe(0);
  thing.start = { type: "blank" };
  await claimDisk(device, KEY, deps());
  const exchanged = async () => {
    host.exchange(thing, host.things[1]!);
    return true;
  };
  await expect(releaseDisk(device, deps(exchanged))).rejects.toThrow("[label-missing]");
  expect(host.records.size, "what is still somewhere is remembered").toBe(1);
});

test("a run is refused before anything is held, holds the disk alone, and lets go of it", async () => {
  await expect(openRawDisk(device, deps())).rejects.toThrow("[label-missing]");
  expect(host.free(thing)).toBe(true);
  await claimDisk(device, KEY, deps());
  await expect(openRawDisk(device, { ...deps(), lab: "lab2" })).rejects.toThrow("[label-lab]");
  const held = await openRawDisk(device, deps());
  expect(host.free(thing)).toBe(false);
  held.recheck();
  held.recheckQuickly();
  held.close();
  expect(host.free(thing)).toBe(true);
});

test("a disk that is pulled out or changed while it is held is refused by both looks", async () => {
  await claimDisk(device, KEY, deps());
  const held = await openRawDisk(device, deps());
  thing.signature = "ext4"; // not looked for again: nobody else could have the disk for themselves
  held.recheck();
  thing.start = { type: "blank" };
  expect(() => held.recheck()).toThrow("[label-missing]");
  host.unplug(thing);
  expect(() => held.recheck()).toThrow("[cannot-tell]");
  expect(() => held.recheckQuickly()).toThrow("device lun0: /dev/sda is device gone, 8:0#1 was armed [stale]");
});

test("without raw disks on the platform, and of a disk that is not here, the refusal says so", async () => {
  const { disks: _, ...without } = deps();
  await expect(claimDisk(device, KEY, { ...without, disks: undefined })).rejects.toMatchObject({
    kind: "refused",
    message: "device lun0: this agent cannot use raw disks",
    host: "guest1",
  });
  host.unplug(thing);
  await expect(claimDisk(device, KEY, deps())).rejects.toThrow("[not-found]");
});

test("a target is a key only when it is whole", () => {
  const disk = (more: object) => listedDisk({ ...device, disk: { ...device.disk!, ...more } });
  expect(disk({}).target).toEqual({ iqn: "iqn.2026-11.lab:ram", lun: 0 });
  for (const half of [{ iqn: "" }, { lun: undefined }, { iqn: "", lun: undefined }])
    expect(disk(half).target).toBe(undefined);
});

test("a handle is closed when what is on the disk cannot be asked for", async () => {
  const disks = { ...host.disks, findSignatures: () => Promise.reject(new Error("a bug")) };
  await expect(claimDisk(device, KEY, { ...deps(), disks })).rejects.toThrow("a bug");
  expect(host.free(thing)).toBe(true);
});

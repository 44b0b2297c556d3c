/** The disk guard on real block devices. Needs root, as a raw disk does. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Device } from "@salvo/proto/lab_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { openClaims } from "@salvo/shared/agent/guard/claims.ts";
import { LABEL_BYTES } from "@salvo/shared/agent/domain/guard/label.ts";
import { claimDisk, releaseDisk } from "@salvo/shared/agent/guard/claim-disk.ts";
import { openRawDisk } from "@salvo/shared/agent/guard/raw-disk.ts";
import { hashOfDevice } from "@salvo/shared/agent/devices/devices.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type LoopDisk, type Loops, openLoops } from "./loops.ts";
import { LVM, MBR, plant } from "./signatures.ts";

const LABEL = { lab: "lab1", uuid: "6b1c0e7e-0000-4000-8000-000000000001" };

describe("on loop devices", () => {
  let loops: Loops;
  let disk: LoopDisk;
  beforeEach(async () => {
    loops = await openLoops();
    disk = await loops.add("disk1");
  });
  afterEach(() => loops[Symbol.asyncDispose]());

  const deps = () => ({
    host: "guest1",
    disks: loops.disks,
    claims: openClaims(join(loops.folder, "data")),
    lab: "lab1",
    confirm: async () => true,
  });

  /** Planned just before. */
  const openPlanned = async (device: Device, more: ReturnType<typeof deps>) =>
    openRawDisk(device, { ...more, deviceHash: await hashOfDevice(device, more.claims) });

  /** The codes of what speaks against claiming it, and, with a label, against using it. */
  async function refusedFor(what: "claim" | "use"): Promise<string[]> {
    const trying = what === "claim" ? claimDisk(disk.device, LABEL, deps()) : openPlanned(disk.device, deps());
    const error: unknown = await trying.then(
      () => expect.fail(`${what} was allowed`),
      (caught: unknown) => caught,
    );
    if (!(error instanceof SalvoError)) throw error;
    expect(error.kind, error.message).toBe("refused");
    return [...error.message.matchAll(/\[([a-z-]+)\]/g)].map(([, code = ""]) => code);
  }

  test("a blank one is claimed, used and held, and fio can still open it", async () => {
    expect(await refusedFor("use")).toEqual(["label-missing"]);
    await claimDisk(disk.device, LABEL, deps());
    expect(await refusedFor("claim")).toEqual(["already-claimed"]);
    const held = await openPlanned(disk.device, deps());
    try {
      expect(held).toMatchObject({ path: disk.path, reservedBytes: 1_048_576n });
      held.recheck();
      held.recheckQuickly();
      expect(await refusedFor("use")).toEqual(["busy"]);
      closeSync(openSync(disk.path, constants.O_RDWR));
      await expect(loops.sh("mkswap", disk.path)).rejects.toThrow("busy");
    } finally {
      held.close();
    }
    (await openPlanned(disk.device, deps())).close();
  });

  test("release makes it what it was, and writes nothing else", async () => {
    const before = await disk.hash();
    await claimDisk(disk.device, LABEL, deps());
    expect(await disk.hash()).not.toBe(before);
    await releaseDisk(disk.device, deps());
    expect(await disk.hash()).toBe(before);
    expect(await refusedFor("use")).toEqual(["label-missing"]);
  });

  test("nothing is written when the person declines", async () => {
    const before = await disk.hash();
    const declined = claimDisk(disk.device, LABEL, { ...deps(), confirm: async () => false });
    await expect(declined).rejects.toMatchObject({ kind: "invalid-input" });
    expect(await disk.hash()).toBe(before);
  });

  test("a claim that somebody else got in before the answer is refused", async () => {
    const confirm = async () => {
      await write(disk.image, 4096, "precious");
      return true;
    };
    await expect(claimDisk(disk.device, LABEL, { ...deps(), confirm })).rejects.toThrow("[unknown-content]");
  });

  /** What somebody did to the disk, and what is said when it is to be claimed, and used in spite of its label. */
  const MISUSES: Record<string, { do: () => Promise<unknown>; claim: string[]; use: string[] }> = {
    "a file system": {
      do: () => loops.sh("mkfs.ext4", "-q", "-F", disk.path),
      claim: ["signature", "unknown-content"],
      use: ["signature", "unknown-content"],
    },
    "a mounted file system": {
      async do() {
        await loops.sh("mkfs.ext4", "-q", "-F", disk.path);
        await loops.sh("mkdir", join(loops.folder, "at"));
        await loops.sh("mount", disk.path, join(loops.folder, "at"));
        loops.defer(() => loops.sh("umount", disk.path));
      },
      claim: ["mounted", "busy", "signature", "unknown-content"],
      use: ["mounted", "busy", "signature", "unknown-content"],
    },
    swap: {
      async do() {
        await loops.sh("mkswap", disk.path);
        await loops.sh("swapon", disk.path);
        loops.defer(() => loops.sh("swapoff", disk.path));
      },
      claim: ["swap", "busy", "swap-signature", "unknown-content"],
      use: ["swap", "busy", "swap-signature", "unknown-content"],
    },
    "a swap area that is not in use": {
      do: () => loops.sh("mkswap", disk.path),
      claim: ["swap-signature", "unknown-content"],
      use: ["swap-signature", "unknown-content"],
    },
    "a partition table": {
      do: () => plant(disk.image, MBR),
      claim: ["partition-table", "unknown-content"],
      use: ["partition-table"],
    },
    "an LVM physical volume": {
      do: () => plant(disk.image, LVM),
      claim: ["lvm", "unknown-content"],
      use: ["lvm"],
    },
    "another program that has it for itself": {
      async do() {
        const fd = openSync(disk.path, constants.O_RDWR | constants.O_EXCL);
        loops.defer(async () => closeSync(fd));
      },
      claim: ["busy"],
      use: ["busy"],
    },
    "another program that writes to it": {
      async do() {
        const writer = spawn("sh", ["-c", `exec 3<>${disk.path}; echo open; exec sleep 60`], { stdio: "pipe" });
        loops.defer(async () => {
          writer.kill();
          await once(writer, "exit");
        });
        await once(writer.stdout, "data");
      },
      claim: ["open-elsewhere"],
      use: ["open-elsewhere"],
    },
    "another loop device on it": {
      async do() {
        const other = await loops.sh("losetup", "--find", "--show", disk.path);
        loops.defer(() => loops.sh("losetup", "--detach", other));
      },
      claim: ["open-elsewhere"],
      use: ["open-elsewhere"],
    },
    "a switch to read-only": {
      async do() {
        await loops.sh("blockdev", "--setro", disk.path);
        loops.defer(() => loops.sh("blockdev", "--setrw", disk.path));
      },
      claim: ["read-only"],
      use: ["read-only"],
    },
    "data in the first MiB": {
      do: () => write(disk.image, 1_048_575, "x"),
      claim: ["unknown-content"],
      use: [],
    },
    "a label with a flipped bit": {
      do: () => write(disk.image, 0, "SALVO RAW DISK\n\0garbage"),
      claim: ["label-damaged"],
      use: ["label-damaged"],
    },
    "a disk behind it that grew": {
      async do() {
        await loops.sh("truncate", "--size=17M", disk.image);
        await loops.sh("losetup", "--set-capacity", disk.path);
      },
      claim: ["size-mismatch"],
      use: ["size-mismatch"],
    },
  };

  test.for(Object.keys(MISUSES))("%s: neither claimed nor, once claimed, used; not a byte is changed", async (name) => {
    const misuse = MISUSES[name]!;
    if (name.startsWith("a label")) await claimDisk(disk.device, LABEL, deps());
    await misuse.do();
    await loops.sh("blockdev", "--flushbufs", disk.path);
    const before = await disk.hash();
    expect(await refusedFor("claim")).toEqual(misuse.claim);
    expect(await disk.hash()).toBe(before);
  });

  test.for(Object.entries(MISUSES).flatMap(([name, { use }]) => (use.length > 0 ? [name] : [])))(
    "%s after it was claimed: not used",
    async (name) => {
      await claimDisk(disk.device, LABEL, deps());
      await MISUSES[name]!.do();
      await loops.sh("blockdev", "--flushbufs", disk.path);
      const before = await disk.hash();
      expect(await refusedFor("use")).toEqual(MISUSES[name]!.use);
      expect(await disk.hash()).toBe(before);
    },
  );

  test("what changes while it is held is seen before the gates open", async () => {
    await claimDisk(disk.device, LABEL, deps());
    const held = await openPlanned(disk.device, deps());
    try {
      await loops.sh("blockdev", "--setro", disk.path);
      expect(() => held.recheck()).toThrow("[read-only]");
      await loops.sh("blockdev", "--setrw", disk.path);
      held.recheck();
      await write(disk.path, 0, Buffer.alloc(4096));
      expect(() => held.recheck()).toThrow("[label-missing]");
      // Behind the device, as when a target exchanges what is behind a LUN: this host's page cache knows nothing of it.
      await write(disk.image, 0, "precious");
      expect(() => held.recheck()).toThrow("[unknown-content]");
    } finally {
      held.close();
    }
  });

  test("while it is held its name stays its own; another disk under that name is known to be another", async () => {
    const nodeThere = () => loops.disks.identify().find(({ path }) => path === disk.path)!.node;
    await claimDisk(disk.device, LABEL, deps());
    const node = nodeThere();
    const held = await openPlanned(disk.device, deps());
    try {
      await loops.sh("cp", disk.image, join(loops.folder, "copy"));
      await loops.sh("losetup", "--detach", disk.path); // takes effect when the last one lets go
      held.recheckQuickly();
      expect(nodeThere()).toBe(node);
    } finally {
      held.close();
    }
    await loops.sh("losetup", disk.path, join(loops.folder, "copy"));
    expect(nodeThere()).not.toBe(node);
    expect(() => held.recheckQuickly()).toThrow("[stale]");
  });

  test("a path that leads to another disk than the handle is seen, though the handle is still well", async () => {
    const other = await loops.add("disk2");
    const found = loops.disks.identify().find(({ path }) => path === disk.path)!;
    const path = join(loops.folder, "node");
    const make = (of: LoopDisk) => loops.sh("cp", "--archive", "--remove-destination", of.path, path);
    await make(disk);
    const opened = loops.disks.open({ ...found, path });
    try {
      expect([opened.node(), opened.look(LABEL_BYTES).identity.node]).toEqual([found.node, found.node]);
      await make(other);
      expect(opened.node()).toMatch(/^gone .* leads to device 7:/);
      expect(opened.look(LABEL_BYTES).identity).toMatchObject({
        node: "gone",
        serial: { unknown: expect.stringMatching("leads") },
      });
    } finally {
      opened.close();
    }
  });

  test("the label of another device, lab, claim or host is refused by its own code", async () => {
    await claimDisk(disk.device, LABEL, deps());
    const as = (more: object) => ({ ...deps(), ...more });
    const codes = (trying: Promise<unknown>) => expect(trying).rejects;
    await codes(openPlanned({ ...disk.device, name: "disk2" }, deps())).toThrow("[label-device]");
    await codes(openPlanned(disk.device, as({ lab: "lab2" }))).toThrow("[label-lab]");
    const elsewhere = openClaims(join(loops.folder, "elsewhere"));
    await codes(openPlanned(disk.device, as({ claims: elsewhere }))).toThrow("[not-claimed]");
    await elsewhere.write({ ...LABEL, device: "disk1", uuid: "another" });
    await codes(openPlanned(disk.device, as({ claims: elsewhere }))).toThrow("[label-uuid]");
    await codes(releaseDisk(disk.device, as({ claims: elsewhere }))).toThrow("[label-uuid]");
  });

  test("a twin by serial number, and a disk that is not here", async () => {
    const { disks } = loops;
    const twin = {
      ...disks,
      identify: () => {
        const all = disks.identify();
        const mine = all.find(({ path }) => path === disk.path)!;
        return [...all, { ...mine, path: "/dev/twin", wwn: { value: "" } }];
      },
    };
    await expect(claimDisk(disk.device, LABEL, { ...deps(), disks: twin })).rejects.toThrow("[ambiguous]");
    const gone = { ...disks, identify: () => disks.identify().filter(({ path }) => path !== disk.path) };
    await expect(claimDisk(disk.device, LABEL, { ...deps(), disks: gone })).rejects.toThrow("[not-found]");
    await expect(claimDisk(disk.device, LABEL, { ...deps(), disks: undefined })).rejects.toMatchObject({
      kind: "refused",
    });
  });

  test("without wipefs nobody can tell what is on it", async () => {
    const path = process.env["PATH"];
    process.env["PATH"] = "/nowhere";
    try {
      await expect(claimDisk(disk.device, LABEL, deps())).rejects.toThrow("signatures could not be found out");
    } finally {
      process.env["PATH"] = path;
    }
  });
});

async function write(path: string, at: number, what: string | Buffer): Promise<void> {
  await using file = await open(path, "r+");
  await file.write(Buffer.from(what), 0, undefined, at);
  await file.sync();
}

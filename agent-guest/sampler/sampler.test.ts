/** What of this host is sampled, and what its kernel shows of disks, interfaces and volumes. */
import type { OpenSampler } from "@salvo/shared/agent/sampler/sampler.ts";
import { systemClock } from "@salvo/shared/kernel/time.ts";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findExportedVolumes, VOLUMES_MAX } from "./exported-volumes.ts";
import { openKernelFile } from "./kernel-file.ts";
import { NICS_MAX, openNics, parseNics } from "./nics.ts";
import { linuxSampler } from "./sampler.ts";
import { openWholeDisks } from "./whole-disks.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-sampler-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function make(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

const HEADS =
  "Inter-|   Receive                                                |  Transmit\n" +
  " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n";

test("each number of an interface goes where the kernel's heads say", () => {
  const line = "  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n";
  expect(parseNics(HEADS + line)).toEqual([
    { name: "eth0", receivedBytes: 1, receivedPackets: 2, sentBytes: 9, sentPackets: 10, errors: 14, drops: 16 },
  ]);
  expect(parseNics(`${HEADS}eth0:1:9 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0\n`)).toMatchObject([
    { name: "eth0:1", receivedBytes: 9, sentPackets: 4 },
  ]);
});

test.for([
  "eth0: 1 2 3\n",
  "eth0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n",
  "eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 x\n",
])("another form of interfaces is refused: %j", (line) => {
  expect(() => parseNics(HEADS + line)).toThrow("/proc/net/dev has an unknown line");
});

test("interfaces of hardware come first, the loopback does not come, and one that goes is left out", async () => {
  const numbers = "1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0";
  const names = Array.from({ length: NICS_MAX + 5 }, (_, index) => `veth${String(index).padStart(3, "0")}`);
  const dev = (of: readonly string[]) => HEADS + of.map((name) => `${name}: ${numbers}\n`).join("");
  await make({ dev: dev(["lo", ...names, "zeth0"]), "sys/class/net/zeth0/device/vendor": "0x8086\n" });
  const nics = openNics({ dev: join(folder, "dev"), sys: join(folder, "sys") });
  try {
    const read = nics.read().map(({ name }) => name);
    expect(read).toEqual([...names.slice(0, NICS_MAX - 1), "zeth0"]);
    await writeFile(join(folder, "dev"), dev(["zeth0"]));
    expect(nics.read().map(({ name }) => name)).toEqual(["zeth0"]);
  } finally {
    nics.close();
  }
});

test("a file with more than a page is read whole, again and again, and no farther than is said", async () => {
  const line = `${"x".repeat(99)}\n`;
  await make({ long: line.repeat(100) });
  const file = openKernelFile(join(folder, "long"), 20_000);
  try {
    expect(file.read()).toBe(line.repeat(100));
    await appendFile(join(folder, "long"), line.repeat(150));
    expect(file.read()).toBe(line.repeat(200));
  } finally {
    file.close();
  }
  const many = openKernelFile("/proc/self/smaps", 20_000); // the kernel gives it page by page
  expect(many.read()).toHaveLength(20_000);
  many.close();
});

const DISKSTATS = [
  "   8       0 sda 10 0 80 5 20 0 160 6 1 7 11 0 0 0 0 0 0",
  "   8       1 sda1 9 0 72 5 20 0 160 6 0 7 11 0 0 0 0 0 0",
  "   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0",
  " 259       0 nvme0n1 0 0 0 0 0 0 0 0 0 0 0",
  " 259       1 nvme0c0n1 3 0 24 1 0 0 0 0 0 1 1",
  " 259       2 nvme1n1 4 0 32 1 0 0 0 0 0 1 1",
  " 253       0 quiet 0 0 0 0 0 0 0 0 0 0 0",
  "",
].join("\n");

test("whole disks are those that have a size and are counted; the ways of an NVMe disk stand for it", async () => {
  await make({ diskstats: DISKSTATS });
  for (const name of ["sda", "nvme0n1", "nvme0c0n1", "nvme1n1", "quiet"])
    await make({ [`sys/block/${name}/size`]: "2048\n", [`sys/block/${name}/queue/iostats`]: "1\n" });
  await make({ "sys/block/loop0/size": "0\n", "sys/block/quiet/queue/iostats": "0\n" });
  const disks = openWholeDisks({ diskstats: join(folder, "diskstats"), sys: join(folder, "sys") });
  try {
    expect(disks.names).toEqual(["nvme0c0n1", "nvme1n1", "sda"]);
    expect(disks.read().get("sda")).toEqual({
      reads: 10,
      readBytes: 80 * 512,
      writes: 20,
      writtenBytes: 160 * 512,
      inFlight: 1,
      busyMs: 7,
      readMs: 5,
      writeMs: 6,
      queueMs: 11,
    });
    await writeFile(join(folder, "diskstats"), DISKSTATS.replace(/^.* sda .*\n/m, ""));
    expect([...disks.read().keys()]).toEqual(["nvme0c0n1", "nvme1n1"]);
  } finally {
    disks.close();
  }
});

test("volumes of LIO are found with all of their commands, and what is no volume is not", async () => {
  const lu = (backend: string, volume: string) => `target/core/${backend}/${volume}/statistics/scsi_lu`;
  const counts = (place: string, commands: number, readMib: number, writtenMib: number) => ({
    [`${place}/num_cmds`]: `${commands}\n`,
    [`${place}/read_mbytes`]: `${readMib}\n`,
    [`${place}/write_mbytes`]: `${writtenMib}\n`,
  });
  await make({
    ...counts(lu("fileio_7258", "lab.san1.one"), 12, 3, 4),
    ...counts(lu("rd_mcp_7258", "lab.san1.two"), 0, 0, 0),
    "target/core/fileio_7258/hba_info": "HBA\n",
    "target/core/alua/lu_gps/default_lu_gp/lu_gp_id": "0\n",
  });
  const volumes = findExportedVolumes(folder);
  expect(volumes.map(({ name }) => name)).toEqual(["lio:lab.san1.one", "lio:lab.san1.two"]);
  const counted = { commands: 12, readBytes: 3 * 1_048_576, writtenBytes: 4 * 1_048_576 };
  expect(volumes[0]!.read()).toEqual(counted);
  expect(findExportedVolumes(join(folder, "another"))).toEqual([]);

  for (let more = 0; more < VOLUMES_MAX; more++) await make(counts(lu("iblock_0", `v${more}`), 1, 1, 1));
  expect(findExportedVolumes(folder)).toHaveLength(VOLUMES_MAX);
});

async function opened(path?: string): Promise<OpenSampler> {
  const participants = path === undefined ? [] : [{ id: "p1", path }];
  return linuxSampler.open({ participants, intervalMs: 100, clock: systemClock }, {});
}

test("this host's cores, interfaces and disks are read at once, and an observer has all disks", async () => {
  using observer = await opened();
  const beganNs = systemClock.now();
  expect(observer.cores?.()?.value.length).toBeGreaterThan(0);
  expect(observer.cores?.()?.atNs).toBeGreaterThanOrEqual(beganNs);
  const nics = readdirSync("/sys/class/net").filter((name) => name !== "lo" && name !== "bonding_masters");
  expect(
    observer
      .nics?.()
      ?.value.map(({ name }) => name)
      .toSorted(),
  ).toEqual(nics.toSorted().slice(0, NICS_MAX));
  const size = (name: string) => Number(readFileSync(`/sys/block/${name}/size`, "latin1"));
  const plain = readdirSync("/sys/block").filter((name) => /^([vs]d[a-z]+|zram\d+)$/.test(name) && size(name) > 0);
  expect(observer.disks.map(({ name }) => name)).toEqual(expect.arrayContaining(plain));
  for (const { participant, read } of observer.disks) {
    expect(participant).toBe("");
    expect(read()?.value).toMatchObject({ reads: expect.any(Number), queueMs: expect.any(Number) });
  }
});

test("what goes over an interface is counted", async () => {
  const lo = () => parseNics(readFileSync("/proc/net/dev", "latin1")).find(({ name }) => name === "lo");
  const before = lo()!.receivedBytes;
  const server = createServer((socket) => socket.resume()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const socket = connect(typeof address === "object" ? address!.port : 0, "127.0.0.1");
  socket.end(Buffer.alloc(1_000_000));
  await once(socket, "close");
  server.close();
  expect(lo()!.receivedBytes - before).toBeGreaterThan(1_000_000);
});

test("a participant has the disk of its file, by the kernel's name, and no other", async () => {
  const file = join(folder, "file");
  await writeFile(file, "x");
  using sampler = await opened(file);
  expect(sampler.volumes).toBeUndefined();
  for (const { participant, name, read } of sampler.disks) {
    expect(participant).toBe("p1");
    expect(existsSync(`/sys/class/block/${name}`)).toBe(true);
    expect(read()?.value.writes).toBeGreaterThan(0);
  }
  using inMemory = await opened("/proc/self/stat");
  expect(inMemory.disks).toEqual([]);
});

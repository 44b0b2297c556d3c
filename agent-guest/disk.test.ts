import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { existsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findDisk } from "./disk.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-disk-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** /sys/block/vda/stat of a virtio disk: Linux 6.18 has 17 fields, before 5.5 there were 15, before 4.18 11. */
const VDA =
  "38141152   819368 427065114  5198341  3452645   664282 138098216  4439468        3   300492  9650979    36787      745  9791664     8193    29544     4975\n";

test("a file is found on the disk that its device number names", async () => {
  const file = join(folder, "file");
  await writeFile(file, "x");
  // dev_t as stat(1) prints it: %Hd:%Ld. Recomputed here the other way round, from bytes.
  const { dev } = statSync(file);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(dev));
  const major = ((bytes[2]! & 0x0f) << 8) | bytes[1]!;
  const minor = bytes[0]! | ((bytes[2]! >> 4) << 8) | (bytes[3]! << 12);
  const place = join(folder, "sys/dev/block", `${major}:${minor}`);
  await mkdir(place, { recursive: true });
  await writeFile(join(place, "stat"), VDA);
  expect(findDisk(file, join(folder, "sys"))?.()).toMatchObject({ inFlight: 3 });
  expect(findDisk(file, join(folder, "another"))).toBeUndefined();
});

test("what lives in memory has no disk", () => {
  expect(findDisk("/proc/self/stat")).toBeUndefined();
});

test("the live counters of this machine can be read, where there are any", () => {
  const read = findDisk(tmpdir());
  const { dev } = statSync(tmpdir());
  const known = existsSync(`/sys/dev/block/${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`);
  expect(read !== undefined).toBe(known);
  if (read) expect(read()?.writes).toBeLessThanOrEqual(read()?.writes ?? -1);
});
